import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test as base, type Page, type Response } from '@playwright/test';

import { HOOKS, HOOKS_SOURCES } from '../support/built';

const ORIGIN = 'http://localhost';
const TYPES: Record<string, string> = { '.js': 'text/javascript', '.wasm': 'application/wasm' };

interface Hooks {
  /** Calls the test of a hook, which fails by an exception. */
  run: (hook: string) => Promise<void>;
}

/** An empty page with the hooks, and no server: each by itself. */
const test = base.extend<Hooks>({
  run: async ({ page }, use) => {
    await page.route(`${ORIGIN}/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname.startsWith('/hooks/')) {
        const body = await readFile(path.join(HOOKS, path.basename(pathname)));
        return route.fulfill({ body, contentType: TYPES[path.extname(pathname)] ?? 'text/plain' });
      }
      return route.fulfill({ body: '<!DOCTYPE html><html><head></head><body></body></html>', contentType: 'text/html' });
    });
    // A panic leaves its promise waiting.
    let fail = (_: Error) => {};
    const failed = new Promise<never>((_, reject) => (fail = reject));
    failed.catch(() => {});
    let panic = '';
    page.on('console', (message) => (panic += message.type() === 'error' ? message.text() : ''));
    page.on('pageerror', (error) => fail(new Error(panic || error.message)));
    await page.goto(ORIGIN);
    await use((hook) => Promise.race([call(page, hook), failed]));
  },
});

async function call(page: Page, hook: string): Promise<void> {
  await page.evaluate(async (hook) => {
    type Module = Record<string, (from?: { module_or_path: string }) => Promise<void>>;
    const module = (await import('/hooks/holdfast.js' as string)) as Module;
    await module['default']?.({ module_or_path: '/hooks/holdfast_bg.wasm' });
    await module[hook]?.();
  }, hook);
}

/** Browsers tell of scrolling with the next picture. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

async function names(page: Page): Promise<string[]> {
  const exported = await page.evaluate(async () => Object.keys((await import('/hooks/holdfast.js' as string)) as object));
  // Beside those of the example, which end in an underscore where Rust has another meaning for the name.
  const others = /^(default|initSync|start|[A-Z].*)$/;
  return exported.filter((name) => !others.test(name)).map((name) => name.replace(/_$/, ''));
}

test('each hook has a test of its own', async ({ page, run }) => {
  void run;
  const files = await readdir(HOOKS_SOURCES);
  const hooks = files.map((file) => path.basename(file, '.rs')).filter((hook) => hook !== 'mod');
  expect((await names(page)).sort()).toEqual(hooks.sort());
});

for (const hook of ['document_', 'draft', 'favicon', 'fields_', 'focus', 'navigation']) {
  test(`hook ${hook.replace(/_$/, '')}`, async ({ run }) => {
    await run(hook);
  });
}

test('hook clipboard', async ({ page, context, run }) => {
  await context.grantPermissions(['clipboard-read']);
  await run('clipboard');
  await page.getByRole('button', { name: 'Copy' }).click();
  await expect(page.locator('output')).toHaveText('true');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('copied text');
});

for (const hook of ['live', 'refresh']) {
  test(`hook ${hook}`, async ({ page, run }) => {
    await page.route(`${ORIGIN}/events`, (route) =>
      route.fulfill({ body: 'event: version\ndata: 1\n\ndata: 7,8\n\n', contentType: 'text/event-stream' }),
    );
    await run(hook);
  });
}

test('hook prefetch', async ({ page, run }) => {
  await page.route(`${ORIGIN}/pkg/*.json`, (route) =>
    route.fulfill({ json: { first: ['part_a', 'part_b'], second: ['part_b'] } }),
  );
  await run('prefetch');
});

test('hook scroll', async ({ page, run }) => {
  await run('scroll');
  const scrolled = () => page.evaluate(() => window.scrollY);
  await page.evaluate(() => {
    history.scrollRestoration = 'manual';
    window.scrollTo(0, 700);
  });
  await drawn(page);
  await page.evaluate(() => {
    history.pushState(null, '', '/next');
    window.scrollTo(0, 0);
  });
  await drawn(page);
  await page.evaluate(() => history.back());
  await expect.poll(scrolled).toBe(700);
  await page.mouse.wheel(0, 300);
  await expect.poll(scrolled, 'whoever scrolls is not held').toBeGreaterThan(900);
});

test('hook timeout', async ({ page, run }) => {
  await page.clock.install();
  const ended = run('timeout');
  // The WASM has to be there before time passes.
  await expect(async () => {
    await page.clock.fastForward('01:01');
    await Promise.race([ended, Promise.reject(new Error('it still waits'))]);
  }).toPass({ timeout: 20_000 });
});

test('hook version', async ({ page, run }) => {
  await run('version');
  const loads: Response[] = [];
  page.on('response', (response) => {
    if (response.request().isNavigationRequest()) loads.push(response);
  });
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  await press('Same');
  await press('Same');
  await press('Next');
  await expect(page).toHaveURL(`${ORIGIN}/second`);
  expect(loads.length, 'the same version needs no load').toBe(0);
  await press('Other');
  await press('Further');
  await page.waitForURL(`${ORIGIN}/third?a=b`);
  await expect.poll(() => loads.length, 'the next page is loaded as a whole').toBe(1);
});
