import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

@Injectable()
export class HttpMetrics {
  readonly registry = new Registry();
  readonly failures = new Counter({
    name: 'percorso_unhandled_rejections_total',
    help: 'Promises that failed with nobody listening; always 0 in a sound hub.',
    registers: [this.registry],
  });
  private readonly durations = new Histogram({
    name: 'percorso_http_request_seconds',
    help: 'Time from request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry, prefix: 'percorso_' });
  }

  observe(method: string, route: string, status: number, seconds: number): void {
    this.durations.observe({ method, route, status: String(status) }, seconds);
  }
}
