/** The cells of one line of CSV (RFC 4180, no line breaks inside cells); undefined when a quote does not end. */
export function readCsvLine(line: string): string[] | undefined {
  const cells: string[] = [];
  for (let index = 0; ;) {
    let cell = '';
    if (line[index] === '"') {
      const end = endOfQuote(line, index + 1);
      if (end === undefined) return undefined;
      cell = line.slice(index + 1, end).replaceAll('""', '"');
      index = end + 1;
    }
    const comma = line.indexOf(',', index);
    cells.push(cell + line.slice(index, comma < 0 ? undefined : comma));
    if (comma < 0) return cells;
    index = comma + 1;
  }
}

function endOfQuote(line: string, from: number): number | undefined {
  for (let index = line.indexOf('"', from); index >= 0; index = line.indexOf('"', index + 2)) {
    if (line[index + 1] !== '"') return index;
  }
  return undefined;
}
