import { Inject, Injectable } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import { PluginHosts } from '../host/plugin-hosts';

/** The operator's word on packages from outside: may they run where the kernel cannot keep them in? */
export interface Consent {
  advisory: boolean;
}

export const CONSENT = Symbol('Consent');

@Injectable()
export class IsolationPolicy {
  constructor(
    private readonly hosts: PluginHosts,
    @Inject(CONSENT) private readonly consent: Consent,
  ) {}

  /** Of installed packages; the hub's own and those of the operator's folders are consented to by being there. @throws Problem 409 */
  assertMayRun(): void {
    if (this.hosts.isolation === 'enforced' || this.consent.advisory) return;
    throw Problem.conflict(
      'isolation-advisory',
      `Plugins from outside are refused, for isolation is advisory here: ${this.hosts.isolationProblem ?? ''} ` +
        'The operator can consent with PERCORSO_ADVISORY_PLUGINS=allowed.',
    );
  }
}
