/**
 * The line of imports. A lib may use those before it, by their public index only; lint fails otherwise, and
 * tools/checks/boundaries.spec.ts proves with a wrong import that the rules bite.
 */
const LINE = [
  ['kernel'],
  ['storage'],
  ['access'],
  ['ingest'],
  ['identity'],
  ['profile'],
  ['segmentation'],
  ['connector'],
  ['delivery'],
  ['sync', 'journey', 'export', 'feedback'],
];

const later = LINE.slice(0, -1).flatMap((stage, index) =>
  stage.map((lib) => ({
    name: `line-${lib}`,
    comment: `libs/${lib} may import only libs before it in the line (docs/decisions/0002-line-of-imports.md).`,
    severity: 'error',
    from: { path: `^libs/${lib}/src/` },
    to: {
      path: `^libs/(${LINE.slice(index)
        .flat()
        .filter((other) => other !== lib)
        .join('|')})/`,
    },
  })),
);

const last = LINE.at(-1).map((lib) => ({
  name: `line-${lib}`,
  comment: `libs/${lib} stands at the end of the line; its neighbours are not its business.`,
  severity: 'error',
  from: { path: `^libs/${lib}/src/` },
  to: {
    path: `^libs/(${LINE.at(-1)
      .filter((other) => other !== lib)
      .join('|')})/`,
  },
}));

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...later,
    ...last,
    {
      name: 'side-libs-need-kernel-only',
      comment: 'mapping and plugin-kit stay small enough for guests and authors to read.',
      severity: 'error',
      from: { path: '^libs/(mapping|plugin-kit)/src/' },
      to: { path: '^libs/', pathNot: '^libs/($1|kernel)/' },
    },
    {
      name: 'testkit-knows-the-kit-only',
      severity: 'error',
      from: { path: '^libs/plugin-testkit/src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/', pathNot: '^libs/(plugin-testkit|plugin-kit|kernel)/' },
    },
    {
      name: 'twins-share-no-code-with-what-they-judge',
      severity: 'error',
      from: { path: '^libs/plugin-testkit/src/twins/' },
      to: { path: '^(libs/(?!plugin-testkit)|plugins/|apps/)' },
    },
    {
      name: 'plugins-import-the-kit',
      severity: 'error',
      from: { path: '^plugins/([^/]+)/src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(libs|plugins|apps|tools)/', pathNot: '^(libs/plugin-kit/|plugins/$1/)' },
    },
    {
      name: 'no-deep-imports',
      comment: 'Import @percorso/<lib>, never its inside.',
      severity: 'error',
      from: { path: '^(?:apps|libs|plugins|tools)/([^/]+)/|^(e2e)/' },
      to: {
        path: '^(?:libs|plugins|apps|tools)/([^/]+)/(src|dist)/',
        pathNot: [
          '^(?:libs|plugins|apps|tools)/$1/',
          '^(?:libs|plugins|apps|tools)/[^/]+/(src|dist)/index\\.',
        ],
      },
    },
    {
      name: 'libs-know-no-app-or-tool',
      severity: 'error',
      from: { path: '^libs/', pathNot: ['\\.spec\\.ts$', '-fixture\\.ts$', '/testing/'] },
      to: { path: '^(apps|tools|e2e)/' },
    },
    {
      name: 'declared-dependencies-only',
      severity: 'error',
      from: { path: '^(apps|libs|plugins|tools|e2e)/' },
      to: { dependencyTypes: ['unknown', 'undetermined', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsConfig: { fileName: 'tsconfig.paths.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'import', 'default'],
    },
  },
};
