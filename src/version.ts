import manifest from '../package.json' with { type: 'json' }

/** GoLive's own version, from package.json, its one place. */
export const VERSION: string = manifest.version
