import type { Place } from './xdm-documents';

/** Names of what documents refer to, as `$defs` take them: one each, from the ends of ids and pointers. */
export class DefinitionNames {
  private readonly names = new Map<string, string>();

  /** @param isRoot whether it is about the record itself, and not about one of its fields */
  of({ pointer }: Place, id: string, isRoot: boolean): string {
    const key = `${pointer} ${isRoot}`;
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const words = [...id.split('/').slice(-1), ...pointer.split('/').slice(3)].join('.');
    const base = words.replace(/[^\w.-]+/g, '-') || 'schema';
    const taken = new Set(this.names.values());
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
    this.names.set(key, name);
    return name;
  }
}
