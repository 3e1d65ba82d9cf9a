import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { sha256Hex } from '../lib/crypto.ts'

const compress = promisify(gzip)

/** One file that a page is made of, under the name it is asked for. */
export interface BundledFile {
  /** Absolute path on the server; holds a content hash, except for a page itself. */
  path: string
  type: string
  etag: string
  isPage: boolean
  bytes: () => Promise<Uint8Array<ArrayBuffer>>
}

const EMBEDDED_ROOT = '/$bunfs/root/'

/**
 * The files behind an HTML import. The compiled executable carries them ready made; run from
 * source there is only the page, which is bundled here and now.
 */
export const filesOf = async (page: Bun.HTMLBundle): Promise<BundledFile[]> => {
  if (!page.files) return bundle(page.index)
  return page.files.map((file) => ({
    path: `/${file.path.replace(EMBEDDED_ROOT, '')}`,
    type: file.headers['content-type'],
    etag: file.headers.etag,
    isPage: file.loader === 'html',
    bytes: () => Bun.file(file.path).bytes(),
  }))
}

const bundle = async (entry: string): Promise<BundledFile[]> => {
  const built = await Bun.build({ entrypoints: [entry], publicPath: '/', minify: true })
  return Promise.all(
    built.outputs.map(async (output) => {
      const bytes = new Uint8Array(await output.arrayBuffer())
      return {
        path: output.path.replace(/^\.?\/?/, '/'),
        type: output.type,
        etag: sha256Hex(bytes).slice(0, 16),
        isPage: output.path.endsWith('.html'),
        bytes: async () => bytes,
      }
    }),
  )
}

/** Answers for one file: whole or gzipped, or 304. Compressed when first asked for, and only then. */
export class Asset {
  readonly #file: BundledFile
  readonly #headers: Record<string, string>
  #gzipped: Promise<Uint8Array<ArrayBuffer>> | null = null

  constructor(file: BundledFile, headers: Record<string, string>) {
    this.#file = file
    this.#headers = {
      ...headers,
      'content-type': file.type,
      // Weak: the same tag stands for the plain and the compressed bytes (RFC 9110 §8.8.1).
      etag: `W/"${file.etag}"`,
      vary: 'Accept-Encoding',
    }
  }

  async respond(request: Request): Promise<Response> {
    const headers = this.#headers
    if (request.headers.get('if-none-match')?.includes(this.#file.etag)) {
      return new Response(null, { status: 304, headers })
    }
    if (!acceptsGzip(request)) return body(request, await this.#file.bytes(), headers)
    this.#gzipped ??= this.#file.bytes().then((bytes) => compress(bytes, { level: 9 }))
    return body(request, await this.#gzipped, { ...headers, 'content-encoding': 'gzip' })
  }
}

const acceptsGzip = (request: Request): boolean =>
  /(^|[\s,])gzip(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(request.headers.get('accept-encoding') ?? '')

const body = (
  request: Request,
  bytes: Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
) => {
  const all = { ...headers, 'content-length': String(bytes.byteLength) }
  return new Response(request.method === 'HEAD' ? null : bytes, { headers: all })
}
