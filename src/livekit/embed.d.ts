/** Made by scripts/build-embed.ts; the type checker must not need them. */
declare module '*/livekit-server.zst' {
  const path: string
  export default path
}
declare module '*/livekit-server.json' {
  const embedded: { version: string; sha256: string; size: number }
  export default embedded
}
