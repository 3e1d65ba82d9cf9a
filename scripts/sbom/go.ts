import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Component, licensed } from './component.ts'

interface Module {
  Path: string
  Version: string
  /** `h1:` and a hash in base64 of the names and hashes of all its files */
  Sum?: string
  Replace?: Module
}

interface BuildInfo {
  GoVersion: string
  Main: Module
  Deps: Module[]
}

const run = (...cmd: string[]): string => {
  const { success, stdout, stderr } = Bun.spawnSync(cmd)
  if (!success) throw new Error(`${cmd.slice(0, 3).join(' ')}: ${stderr}`)
  return stdout.toString()
}

const buildInfo = (executable: string): BuildInfo =>
  JSON.parse(run('go', 'version', '-m', '-json', executable)) as BuildInfo

const nameOf = ({ Path, Version }: Module): string => `${Path}@${Version}`

/** Module → folder of its sources, which Go fetches where they are missing. */
const foldersOf = (modules: Module[]): Map<string, string> => {
  // Go prints one object after the other, each ended by a brace in a line of its own.
  const objects = run('go', 'mod', 'download', '-json', ...modules.map(nameOf)).split(/(?<=^\})/m)
  const found = objects
    .filter((text) => text.trim() !== '')
    .map((text) => JSON.parse(text) as Module & { Dir: string })
  return new Map(found.map((module) => [nameOf(module), module.Dir]))
}

/** Sentences that only the text of that licence has → its SPDX name. */
const LICENSES: [RegExp, string][] = [
  [/Apache License,?\s+Version 2\.0/, 'Apache-2.0'],
  [/Mozilla Public License,? version 2\.0/i, 'MPL-2.0'],
  [/Permission is hereby granted, free of charge, to any person/, 'MIT'],
  [/Permission to use, copy, modify, and(\/or)? distribute this software/, 'ISC'],
  [/Redistribution and use in source and binary forms[\s\S]*Neither (the )?name/, 'BSD-3-Clause'],
  [
    /Redistribution and use in source and binary forms(?![\s\S]*Neither (the )?name)/,
    'BSD-2-Clause',
  ],
]

const licenseOf = (folder: string): string | undefined => {
  const file = readdirSync(folder)
    .sort()
    .find((name) => /^(licen[cs]e|copying)/i.test(name))
  if (!file) return undefined
  const text = readFileSync(join(folder, file), 'utf8')
  const found = LICENSES.filter(([sentence]) => sentence.test(text)).map(([, name]) => name)
  return found.join(' AND ') || undefined
}

const purlOf = ({ Path, Version }: Module): string => `pkg:golang/${Path}@${Version}`

const componentOf = (module: Module, license: string | undefined): Component => {
  const { Path: name, Version: version } = module
  const purl = purlOf(module)
  return { type: 'library', 'bom-ref': purl, name, version, purl, ...licensed(license) }
}

/** What the linker noted in these builds of one program: itself, then its modules and Go's own library. */
export const goComponents = (executables: string[]): [Component, ...Component[]] => {
  const infos = executables.map(buildInfo)
  const [first] = infos
  if (!first) throw new Error('no executable to look into')
  const modules = new Map(
    infos.flatMap(({ Deps }) =>
      Deps.map((one) => [nameOf(one.Replace ?? one), one.Replace ?? one]),
    ),
  )
  const folders = foldersOf([first.Main, ...modules.values()])
  const components = [first.Main, ...modules.values()].map((module) =>
    componentOf(module, licenseOf(folders.get(nameOf(module)) as string)),
  )
  const std = { Path: 'std', Version: first.GoVersion.replace('go', '') }
  const [program, ...others] = components as [Component, ...Component[]]
  return [{ ...program, type: 'application' }, ...others, componentOf(std, 'BSD-3-Clause')]
}
