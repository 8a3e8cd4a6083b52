import path from 'node:path';

import { chromium } from '@playwright/test';

import { ACCOUNT, expect, test } from '../support/fixtures';
import { addBackup } from '../support/prepare';
import { closedEndpoint } from '../support/s3';
import { Visitor } from '../support/visitor';

/** Whether a page is good depends on the page alone; how fast it is on the machine too, so that is only told. */
const DEMANDED = { accessibility: 1, 'best-practices': 1 };

test('Lighthouse has nothing to say', async ({ holdfast, s3, folders, home, launchOptions }) => {
  test.setTimeout(600_000);
  const port = new URL(await closedEndpoint()).port;
  const context = await chromium.launchPersistentContext(path.join(home, 'profile'), {
    ...launchOptions,
    args: [...(launchOptions.args ?? []), `--remote-debugging-port=${port}`],
    baseURL: holdfast.url,
  });
  const page = await context.newPage();
  const visitor = new Visitor(page, true);
  const told: Record<string, Audit> = {};
  await visitor.setup.createAccountAtOnce(ACCOUNT);
  const { project } = await addBackup(visitor, s3, folders);
  for (const address of ['/', '/backup-credentials', `/projects/${project}/policies?tab=schedules`]) {
    told[address] = await audit(holdfast.url + address, Number(port));
  }
  await visitor.dashboard.open();
  await visitor.dashboard.signOut();
  told['/login'] = await audit(`${holdfast.url}/login`, Number(port));
  await context.close();
  for (const [address, { scores }] of Object.entries(told)) {
    console.log(address, JSON.stringify(scores));
  }
  for (const [address, { scores, failed }] of Object.entries(told)) {
    expect(scores, `${address}: ${failed.join('; ')}`).toMatchObject(DEMANDED);
  }
});

interface Audit {
  scores: Record<string, number | null>;
  failed: string[];
}

/** On a busy machine Lighthouse now and then loses what the browser recorded: there is no score then, good or bad. */
const ATTEMPTS = 4;

async function audit(url: string, port: number): Promise<Audit> {
  const { default: lighthouse, desktopConfig: desktop } = await import('lighthouse');
  for (let attempt = 1; ; attempt += 1) {
    const result = await lighthouse(
      url,
      // The session stays, and the machine is as it is.
      { port, disableStorageReset: true, output: 'json', logLevel: 'error' },
      desktop,
    );
    if (!result) throw new Error(`Lighthouse did not answer for ${url}`);
    const { categories, audits, runtimeError } = result.lhr;
    const scores = Object.fromEntries(Object.entries(categories).map(([name, { score }]) => [name, score]));
    const demanded = Object.keys(DEMANDED).flatMap((name) => categories[name]?.auditRefs ?? []);
    const scored = Object.keys(DEMANDED).every((name) => typeof scores[name] === 'number');
    if (scored || attempt === ATTEMPTS) {
      const failed = demanded.filter(({ id, weight }) => {
        const { score, errorMessage } = audits[id] ?? {};
        return weight > 0 && (errorMessage ?? (score ?? 1) < 1);
      });
      return { scores, failed: failed.map(({ id }) => `${id} ${audits[id]?.errorMessage ?? ''}`) };
    }
    console.log(`${url} is asked again:`, runtimeError?.message ?? 'an audit could not be made');
  }
}
