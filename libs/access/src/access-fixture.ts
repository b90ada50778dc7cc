import { Body, Controller, Get, HttpCode, Module, Param, Post, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Type as TypeOf } from 'class-transformer';
import { IsArray, IsInt, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import axios, { AxiosInstance } from 'axios';
import { newId, systemClock } from '@percorso/kernel';
import { migrate, StorageModule } from '@percorso/storage';
import { AccessModule } from './access.module';
import { configureHttp, createHttpAdapter } from './configure-http';
import { decodeCursor, encodeCursor } from './cursor';
import { Page, PageQuery } from './page';
import { Workspace } from './request.decorators';
import { Scopes } from './scopes.decorator';

class Line {
  @IsString()
  sku!: string;

  @IsInt()
  count!: number;
}

class Order {
  @IsString()
  title!: string;

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @TypeOf(() => Line)
  lines?: Line[];

  @IsOptional()
  @IsObject()
  extra?: object;
}

/** Things a real feature does, so that the shared HTTP conventions are tested on more than access's own routes. */
@Controller('v1/orders')
class OrderController {
  static made = 0;
  static gate: Promise<void> = Promise.resolve();

  @Post()
  @Scopes('orders:write')
  async create(
    @Workspace() workspaceId: string,
    @Body() body: Order,
  ): Promise<{ id: string; title: string }> {
    OrderController.made += 1;
    await OrderController.gate;
    if (body.title === 'explode') throw new TypeError(`secret of ${workspaceId} canary@example.com`);
    return { id: newId(), title: body.title };
  }

  @Get()
  @Scopes('orders:read')
  list(@Query() query: PageQuery): Page<number> {
    const from = query.cursor === undefined ? 0 : decodeCursor<{ from: number }>(query.cursor).from;
    const data = Array.from({ length: Math.min(query.limit, 250 - from) }, (_, i) => from + i);
    const end = from + data.length;
    return { data, next: end < 250 ? encodeCursor({ from: end }) : null };
  }

  @Get(':id')
  @Scopes('orders:read')
  get(@Param('id') id: string): { id: string } {
    return { id };
  }

  /** Forgotten scopes must leave a route closed. */
  @Post('unscoped')
  @HttpCode(204)
  unscoped(): void {
    return undefined;
  }
}

@Module({ controllers: [OrderController] })
class OrderModule {}

/** What the server runs on; `close` stops it too. */
export interface ServerEngines {
  databaseUrl: string;
  clickhouseUrl: string;
  stop(): Promise<void>;
}

export interface AccessServer {
  app: NestFastifyApplication;
  engines: ServerEngines;
  url: string;
  rootKey: string;
  orders: typeof OrderController;
  http(key?: string): AxiosInstance;
  workspace(name?: string): Promise<{ id: string; adminKey: string; version: number }>;
  close(): Promise<void>;
}

/** A server of access alone with one feature beside it, on PostgreSQL and a real port. */
export async function startAccessServer(engines: ServerEngines): Promise<AccessServer> {
  await migrate(engines.databaseUrl);
  const rootKey = `root-${newId()}`;
  const { databaseUrl, clickhouseUrl } = engines;

  @Module({
    imports: [
      StorageModule.forRoot({ databaseUrl, clickhouseUrl, clock: systemClock }),
      AccessModule.forRoot({ rootKey, cursorSecret: 'fixture' }),
      OrderModule,
    ],
  })
  class ServerModule {}

  const app = await NestFactory.create<NestFastifyApplication>(ServerModule, createHttpAdapter(), {
    bodyParser: false,
    logger: false,
  });
  configureHttp(app);
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  const http = (key?: string): AxiosInstance =>
    axios.create({
      baseURL: url,
      proxy: false,
      validateStatus: () => true,
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    });
  return {
    app,
    engines,
    url,
    rootKey,
    orders: OrderController,
    http,
    workspace: async (name = 'Shop') => (await http(rootKey).post('/v1/workspaces', { name })).data,
    close: async () => {
      await app.close();
      await engines.stop();
    },
  };
}
