import { DynamicModule, Module } from '@nestjs/common';
import { ProfileModule } from '@percorso/profile';
import { SegmentationModule } from '@percorso/segmentation';
import { Eligibility } from './eligibility';
import { ExportController } from './export.controller';
import { EXPORT_OPTIONS, ExportOptions } from './export.options';
import { ExportUsage } from './export-usage';
import { ExportReader } from './export.reader';
import { ExportService } from './export.service';

/** Audiences to be pulled by other tools. */
@Module({})
export class ExportModule {
  static forRoot(options: ExportOptions = {}): DynamicModule {
    return {
      module: ExportModule,
      imports: [ProfileModule, SegmentationModule],
      controllers: [ExportController],
      providers: [
        { provide: EXPORT_OPTIONS, useValue: options },
        Eligibility,
        ExportUsage,
        ExportReader,
        ExportService,
      ],
    };
  }
}
