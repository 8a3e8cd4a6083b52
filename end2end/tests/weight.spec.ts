import { brotliCompressSync } from 'node:zlib';

import type { Page, Request, Response } from '@playwright/test';

import { expect, test } from '../support/fixtures';
import { addCredential } from '../support/prepare';

const KB = 1000;

/** What a first visit may weigh, and what a page after it may. */
const FIRST = 450 * KB;
const SIGN_IN = 280 * KB;
const NEXT = 8 * KB;

interface Weight {
  all: number;
  /** Of that, script, WASM and style sheet, which browsers keep. */
  built: number;
}

test('a page brings only what it needs', async ({ partner, holdfast, another, s3 }) => {
  await addCredential(partner, s3);
  const { cookies } = await partner.page.context().storageState();
  const stranger = await another();
  const gate = await weight(stranger.page, () => stranger.login.open());
  const fresh = await another();
  await fresh.page.context().addCookies(cookies.map(({ name, value }) => ({ name, value, url: holdfast.url })));
  const first = await weight(fresh.page, () => fresh.credentials.open());
  const { projects } = fresh;
  const next = await weight(fresh.page, async () => {
    await projects.navigation('Projects').click();
    await expect(projects.heading('Projects')).toBeVisible();
    await expect(fresh.page.getByText('Loading…')).toHaveCount(0);
  });
  const kilobytes = ({ all, built }: Weight) => `${(all / KB).toFixed(1)} kB, of that built ${(built / KB).toFixed(1)}`;
  const told = { 'sign-in page': gate, 'credentials, first': first, 'next page': next };
  for (const [name, weighed] of Object.entries(told)) console.log(`${name}: ${kilobytes(weighed)}`);
  expect(first.all).toBeLessThan(FIRST);
  expect(gate.all).toBeLessThan(SIGN_IN);
  // A part of the application that was not needed before comes once.
  expect(next.all - next.built).toBeLessThan(NEXT);
});

/** The bytes that come while something is shown. Built files are counted as a release serves them: in brotli, which
 * this build does not make. */
async function weight(page: Page, show: () => Promise<unknown>): Promise<Weight> {
  const weighed: Weight = { all: 0, built: 0 };
  const weighing: Promise<void>[] = [];
  const note = (response: Response) => {
    weighing.push(
      (async () => {
        const bytes = await size(response);
        weighed.all += bytes;
        if (response.url().includes('/pkg/')) weighed.built += bytes;
      })(),
    );
  };
  const open = new Set<Request>();
  const asked = (request: Request) => {
    if (!isEndless(request)) open.add(request);
  };
  const answered = (request: Request) => open.delete(request);
  page.on('request', asked);
  page.on('response', note);
  page.on('requestfinished', answered);
  page.on('requestfailed', answered);
  await show();
  await expect.poll(() => open.size, 'all that was asked for has come').toBe(0);
  page.off('request', asked);
  page.off('response', note);
  page.off('requestfinished', answered);
  page.off('requestfailed', answered);
  await Promise.all(weighing);
  return weighed;
}

async function size(response: Response): Promise<number> {
  if (isEndless(response.request())) return 0;
  // Fetched for the pages after it, when nothing else is to be done.
  if ((await response.request().headerValue('sec-purpose'))?.includes('prefetch')) return 0;
  const { responseBodySize } = await response.request().sizes();
  // Nothing came where it was in the browser's cache.
  if (responseBodySize <= 0) return 0;
  if (!response.url().includes('/pkg/')) return responseBodySize;
  return brotliCompressSync(await response.body()).length;
}

/** What is told as long as the page is open. */
function isEndless(request: Request): boolean {
  return request.resourceType() === 'eventsource';
}
