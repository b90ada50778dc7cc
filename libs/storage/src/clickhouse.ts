import {
  ClickHouseClient,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
} from '@clickhouse/client';

/** The name of the hub's database; ClickHouse's `default` is left to its owner. */
export const CLICKHOUSE_DATABASE = 'percorso';

/** A client of the stock driver. `url` carries user and password; tables are addressed as percorso.<table>. */
export function connectClickHouse(url: string, settings: ClickHouseSettings = {}): ClickHouseClient {
  return createClient({
    url,
    application: 'percorso',
    request_timeout: 120_000,
    log: { level: ClickHouseLogLevel.ERROR },
    compression: { request: false, response: false },
    // Parameters beyond a few kilobytes travel in the body: a URL has an end.
    use_multipart_params_auto: true,
    clickhouse_settings: {
      date_time_input_format: 'best_effort',
      output_format_json_quote_64bit_integers: 1,
      ...settings,
    },
  });
}
