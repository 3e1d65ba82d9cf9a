import type { ReactNode } from 'react'

interface Column<T> {
  name: string
  cell: (row: T) => ReactNode
  /** seen by screen readers only, as for a column of buttons */
  isQuiet?: boolean
  /** numbers stand under each other by their ends */
  isNumber?: boolean
}

interface DataTableProps<T> {
  /** what the table is of, for who cannot see where it stands */
  caption: string
  columns: Column<T>[]
  rows: T[]
  id: (row: T) => string
}

/** A table on wide screens; on a phone each row becomes a card with named values. */
export const DataTable = <T,>({ caption, columns, rows, id }: DataTableProps<T>) => (
  <table className="table">
    <caption className="hidden">{caption}</caption>
    <thead>
      <tr>
        {columns.map(({ name, isQuiet, isNumber }) => (
          <th key={name} scope="col" data-number={isNumber}>
            {isQuiet ? <span className="hidden">{name}</span> : name}
          </th>
        ))}
      </tr>
    </thead>
    <tbody>
      {rows.map((row) => (
        <tr key={id(row)}>
          {columns.map(({ name, cell, isQuiet, isNumber }) => (
            <td
              key={name}
              data-name={isQuiet ? undefined : name}
              data-quiet={isQuiet}
              data-number={isNumber}
            >
              {cell(row)}
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  </table>
)
