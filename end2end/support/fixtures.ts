import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, test as base, type BrowserContext } from '@playwright/test';

import { Faults } from './faults';
import { writeSample } from './files';
import { Holdfast } from './holdfast';
import { S3Server } from './s3';
import { Visitor } from './visitor';

export { expect };

export const PASSWORD = 'correct horse battery';
export const ACCOUNT = {
  accountName: 'Example Ltd',
  organization: 'acme',
  email: 'partner@example.com',
  password: PASSWORD,
};

/** Directories of one test. */
export interface Folders {
  /** What the server may back up and restore to. */
  root: string;
  /** A sample directory below it. */
  source: string;
  /** A directory that the server may not touch. */
  outside: string;
}

interface Fixtures {
  home: string;
  folders: Folders;
  s3: S3Server;
  /** Settings of the server beside those that every test needs. */
  settings: Record<string, string>;
  holdfast: Holdfast;
  faults: Faults;
  /** Somebody before a fresh installation. */
  visitor: Visitor;
  /** The first Partner, signed in. */
  partner: Visitor;
  /** Another person at another browser. */
  another: () => Promise<Visitor>;
}

export const test = base.extend<Fixtures>({
  home: async ({}, use) => {
    const home = await mkdtemp(path.join(tmpdir(), 'holdfast-'));
    await use(home);
    await rm(home, { recursive: true, force: true });
  },

  folders: async ({ home }, use) => {
    const root = path.join(home, 'root');
    const folders = { root, source: path.join(root, 'web-shop'), outside: path.join(home, 'outside') };
    await writeSample(folders.source);
    await mkdir(folders.outside);
    await use(folders);
  },

  s3: async ({ home }, use, testInfo) => {
    const keys = { accessKeyId: 'AKIDOFTHETESTS', secretKey: 'a secret of the tests' };
    const s3 = await S3Server.start(path.join(home, 's3'), keys);
    await use(s3);
    await s3.stop();
    if (testInfo.status !== testInfo.expectedStatus) {
      await testInfo.attach('s3.log', { body: s3.log, contentType: 'text/plain' });
    }
  },

  settings: async ({}, use) => {
    await use({});
  },

  holdfast: async ({ home, folders, s3, settings }, use, testInfo) => {
    const holdfast = await Holdfast.start(home, `${ACCOUNT.organization}=${folders.root}`, settings);
    await use(holdfast);
    await holdfast.stop();
    if (testInfo.status !== testInfo.expectedStatus) {
      await testInfo.attach('holdfast.log', { body: holdfast.log, contentType: 'text/plain' });
    }
    expect(holdfast.log, 'the log holds no secret').not.toContain(s3.keys.secretKey);
    expect(holdfast.log, 'the log holds no password').not.toContain(PASSWORD);
    expect(holdfast.log.split('\n').filter((line) => / ERROR |panicked/.test(line))).toEqual([]);
  },

  baseURL: async ({ holdfast }, use) => {
    await use(holdfast.url);
  },

  faults: async ({}, use) => {
    const faults = new Faults();
    await use(faults);
    expect(faults.found, 'nothing goes wrong in the browser').toEqual([]);
  },

  context: async ({ context, faults, javaScriptEnabled }, use) => {
    await faults.watch(context, javaScriptEnabled ?? true);
    await use(context);
  },

  visitor: async ({ page, javaScriptEnabled }, use) => {
    await use(new Visitor(page, javaScriptEnabled ?? true));
  },

  partner: async ({ visitor }, use) => {
    await visitor.setup.createAccountAtOnce(ACCOUNT);
    await use(visitor);
  },

  another: async ({ browser, baseURL, javaScriptEnabled, faults }, use) => {
    const scripts = javaScriptEnabled ?? true;
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext({ baseURL, javaScriptEnabled: scripts });
      contexts.push(context);
      await faults.watch(context, scripts);
      return new Visitor(await context.newPage(), scripts);
    });
    await Promise.all(contexts.map((context) => context.close()));
  },
});
