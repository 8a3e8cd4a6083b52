import path from 'node:path';

import { chromium } from '@playwright/test';

import { ACCOUNT, expect, test } from '../support/fixtures';
import { addBackup } from '../support/prepare';
import { closedEndpoint } from '../support/s3';
import { Visitor } from '../support/visitor';

/** Whether a page is good depends on the page alone; how fast it is on the machine too, so that is only told. */
const DEMANDED = { accessibility: 1, 'best-practices': 1 };

test('Lighthouse has nothing to say', async ({ holdfast, s3, folders, home, launchOptions }) => {
  test.setTimeout(240_000);
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

async function audit(url: string, port: number): Promise<Audit> {
  const { default: lighthouse, desktopConfig: desktop } = await import('lighthouse');
  const result = await lighthouse(
    url,
    // The session stays, and the machine is as it is.
    { port, disableStorageReset: true, output: 'json', logLevel: 'error' },
    desktop,
  );
  if (!result) throw new Error(`Lighthouse did not answer for ${url}`);
  const { categories, audits } = result.lhr;
  const scores = Object.fromEntries(Object.entries(categories).map(([name, { score }]) => [name, score]));
  const demanded = Object.keys(DEMANDED).flatMap((name) => categories[name]?.auditRefs ?? []);
  const failed = demanded.filter(({ id, weight }) => weight > 0 && (audits[id]?.score ?? 1) < 1).map(({ id }) => id);
  return { scores, failed };
}
