import axios from 'axios';

interface PulledRow {
  id: string;
  '@removed'?: { reason: string };
}

interface Links {
  nextLink?: string;
  deltaLink?: string;
}

/**
 * An external campaign tool: knows a URL and a read-only key, nothing else of the hub. Pulls the whole audience once,
 * then only what changed since its cursor.
 */
export class Puller {
  readonly members = new Set<string>();
  rowsRead = 0;
  private link: string;

  constructor(
    audienceUrl: string,
    readonly key: string,
    pageSize = 500,
  ) {
    this.link = `${audienceUrl}/members?pageSize=${pageSize}&fields=identities.email`;
  }

  /** Pull, and tell how many came and how many went since the last pull. */
  async changes(): Promise<{ entered: number; exited: number }> {
    const before = new Set(this.members);
    await this.pull();
    const entered = [...this.members].filter((id) => !before.has(id)).length;
    return { entered, exited: before.size + entered - this.members.size };
  }

  /** Read everything there is since the last pull; how many rows that was. */
  async pull(): Promise<number> {
    const before = this.rowsRead;
    for (;;) {
      const { data } = await axios.get<{ value: PulledRow[] } & Links>(this.link, {
        headers: { authorization: `Bearer ${this.key}`, accept: 'application/json' },
        proxy: false,
      });
      for (const row of data.value) {
        if (row['@removed']) this.members.delete(row.id);
        else this.members.add(row.id);
      }
      this.rowsRead += data.value.length;
      this.link = data.nextLink ?? data.deltaLink ?? this.link;
      if (!data.nextLink) return this.rowsRead - before;
    }
  }
}
