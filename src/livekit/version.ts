/** The livekit-server that is built, embedded and supervised. Newer ones need forked Go modules. */
export const LIVEKIT_VERSION = '1.13.5'
