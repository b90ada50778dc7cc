/** Values of one query. They reach ClickHouse as parameters only: nothing a customer typed becomes SQL. */
export class Parameters {
  readonly values: Record<string, unknown> = {};
  private readonly names = new Map<string, string>();

  uuid = (value: string): string => this.add(value, 'UUID');
  text = (value: string): string => this.add(value, 'String');
  texts = (value: string[]): string => this.add(value, 'Array(String)');
  /** Decimal text, widened so that sums and products of it cannot overflow. */
  decimal = (value: string): string => `toDecimal256(${this.add(value, 'Decimal(38, 9)')}, 9)`;
  decimals = (value: string[]): string =>
    `arrayMap(x -> toDecimal256(x, 9), ${this.add(value, 'Array(String)')})`;
  boolean = (value: boolean): string => this.add(value, 'Bool');
  booleans = (value: boolean[]): string => this.add(value, 'Array(Bool)');
  integer = (value: number | string): string => this.add(String(value), 'Int64');
  position = (value: number | string): string => this.add(String(value), 'UInt64');
  /** Unix milliseconds, held inside what a DateTime64 can tell apart. */
  instant = (value: number): string => {
    const held = Math.min(Math.max(value, EARLIEST), LATEST);
    return `fromUnixTimestamp64Milli(${this.integer(held)}, 'UTC')`;
  };

  private add(value: unknown, type: string): string {
    const key = `${type} ${JSON.stringify(value)}`;
    const known = this.names.get(key);
    if (known) return known;
    const name = `p${this.names.size}`;
    this.values[name] = value;
    const placeholder = `{${name}:${type}}`;
    this.names.set(key, placeholder);
    return placeholder;
  }
}

const EARLIEST = Date.UTC(1900, 0, 1);
const LATEST = Date.UTC(2299, 11, 31);
