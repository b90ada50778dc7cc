declare module 'class-transformer/cjs/storage' {
  /** What `@Type(() => X)` noted; the package publishes it without types. */
  export const defaultMetadataStorage: {
    findTypeMetadata(target: unknown, property: string): { typeFunction(): unknown } | undefined;
  };
}
