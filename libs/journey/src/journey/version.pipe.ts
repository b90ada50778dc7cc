import { Injectable, type PipeTransform } from '@nestjs/common';

/** What is no number names no version: 404. */
@Injectable()
export class VersionPipe implements PipeTransform<string, number> {
  transform(text: string): number {
    return /^\d{1,9}$/.test(text) ? Number(text) : 0;
  }
}
