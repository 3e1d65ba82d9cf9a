declare module '*.css'

declare module 'swagger-ui-dist/swagger-ui-bundle.js' {
  const SwaggerUIBundle: (options: Record<string, unknown>) => unknown
  export default SwaggerUIBundle
}

declare module '*.svg' {
  /** Where the file lies, on disk or inside the executable. */
  const path: string
  export default path
}
