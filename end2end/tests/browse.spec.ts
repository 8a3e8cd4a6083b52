import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { digest, SAMPLE } from '../support/files';
import { expect, test } from '../support/fixtures';
import { addBackup } from '../support/prepare';

test('a backup shows what is in it', async ({ partner, s3, folders }) => {
  const { policies, browse } = partner;
  const { project, backup } = await addBackup(partner, s3, folders);
  await policies.open(project, 'Backups');
  await policies.act(policies.row(backup), 'Browse');
  await browse.expectShown(backup);

  await test.step('folders first, then files and links', async () => {
    await expect(browse.names).toHaveText([
      '.hidden',
      'empty folder',
      'odd names',
      'one',
      'pictures',
      /^dangling → nowhere$/,
      'empty.dat',
      /^latest → pictures\/2026\/harbour\.bin$/,
      'notes.txt',
      'zeros.bin',
    ]);
    await expect(browse.cell(browse.row('zeros.bin'), 'Size')).toHaveText('195 KiB');
    await expect(browse.cell(browse.row('empty.dat'), 'Size')).toHaveText('0 B');
  });

  await test.step('into folders and back', async () => {
    for (const folder of ['one', 'two', 'three', 'four']) await browse.enter(folder);
    await expect(browse.names).toHaveText(['five.txt']);
    await browse.page.goBack();
    await expect(browse.names).toHaveText(['four']);
    await browse.link('All files').click();
    await expect(browse.entry('notes.txt')).toBeVisible();
    await browse.enter('empty folder');
    await expect(browse.page.getByText('This folder is empty')).toBeVisible();
    await browse.link('All files').click();
  });

  await test.step('every odd name can be downloaded', async () => {
    await browse.enter('odd names');
    for (const name of [path.basename(SAMPLE.odd), '-dash', 'čaj a káva ☕.txt']) {
      const download = await browse.download(name);
      expect(await digest(await download.path())).toBe(await digest(path.join(folders.source, 'odd names', name)));
    }
    await browse.link('All files').click();
    const empty = await browse.download(SAMPLE.empty);
    expect(await digest(await empty.path())).toBe(await digest(path.join(folders.source, SAMPLE.empty)));
  });

  await test.step('a folder comes as an archive', async () => {
    await browse.link('All files').click();
    const into = path.join(folders.root, 'unpacked');
    await mkdir(into);
    for (const [format, program, words] of [
      ['tar.gz', 'tar', ['-xzf']],
      ['zip', 'unzip', ['-qqo']],
    ] as const) {
      const download = await browse.downloadFolder('pictures', format);
      expect(download.suggestedFilename()).toBe(`pictures.${format}`);
      await promisify(execFile)(program, [...words, await download.path()], { cwd: into });
      expect(await digest(path.join(into, SAMPLE.photo))).toBe(await digest(path.join(folders.source, SAMPLE.photo)));
    }
  });

  await test.step('search goes through the whole backup', async () => {
    await browse.search.fill('FIVE');
    await expect(browse.names).toHaveText([SAMPLE.deep]);
    await browse.expectAddress(/search=FIVE/);
    await browse.page.reload();
    await browse.ready();
    await expect(browse.names).toHaveText([SAMPLE.deep]);
    await browse.search.fill('no such name');
    await expect(browse.page.getByText('Nothing found')).toBeVisible();
  });
});

test('a backup whose service is away keeps its heading, and can be tried again', async ({ partner, s3, folders, faults }) => {
  test.setTimeout(120_000);
  faults.expect(/^503 POST .*\/api\/backups\/browse$/);
  const { page, browse, policies } = partner;
  const { project, backup } = await addBackup(partner, s3, folders);
  await s3.stop();
  await policies.open(project, 'Backups');
  await policies.act(policies.row(backup), 'Browse');
  await browse.expectShown(backup);
  const alert = page.getByRole('main').getByRole('alert');
  // The tries of a call have growing pauses, 11 s on average and 23 s at most.
  await expect(alert).toContainText("Couldn't load this page", { timeout: 40_000 });
  await expect(alert.getByRole('link', { name: 'Try again', exact: true })).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Breadcrumb' })).toContainText('web-shop');
});

test('what is not in the backup is not found', async ({ partner, s3, folders }) => {
  const { project, backup } = await addBackup(partner, s3, folders);
  await partner.policies.open(project, 'Backups');
  await partner.policies.act(partner.policies.row(backup), 'Browse');
  await partner.browse.expectShown(backup);
  const address = new URL(partner.page.url()).pathname;
  for (const wrong of [
    '?path=nothing/here',
    '?path=notes.txt',
    '?path=../..',
    '/download?path=nothing',
    '/download?path=pictures',
    '/download?path=latest',
    '/download?path=../../notes.txt',
    '/download',
  ]) {
    const answer = await partner.page.goto(`${address}${wrong}`);
    expect(answer?.status(), wrong).toBe(404);
  }
});
