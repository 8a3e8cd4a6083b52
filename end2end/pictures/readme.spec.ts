import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, test } from '@playwright/test';

import { HOLDFAST_PROGRAM } from '../support/built';
import { Program } from '../support/program';

const PICTURES = path.resolve(__dirname, '../screenshots');
/** So many backups make a list; the demo takes one a minute. */
const BACKUPS = 4;

test('the pictures of the README, from the demo', async ({ browser }) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'holdfast-demo-'));
  const demo = Program.start(HOLDFAST_PROGRAM, ['demo', '--folder', folder], { HOLDFAST_LISTEN: '127.0.0.1:0' });
  const [, url = ''] = await demo.prints(/Open (http\S+) and/);
  const [, email = '', password = ''] = await demo.prints(/Partner +(\S+) +(\S+)/);
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto('/login');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign In' }).click();
  await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
  await page.getByRole('link', { name: 'Projects' }).first().click();
  await page.getByRole('row').nth(1).getByRole('link').first().click();
  await page.getByRole('link', { name: 'All backups' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'Completed' })).toHaveCount(BACKUPS, { timeout: 400_000 });
  const picture = async (name: string, height: number) => {
    await page.setViewportSize({ width: 1280, height });
    await page.mouse.move(0, 0);
    await page.screenshot({ path: path.join(PICTURES, name), animations: 'disabled' });
  };
  await picture('backups.png', 640);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.getByRole('link', { name: 'Browse' }).first().click();
  await expect(page).toHaveURL(/\/backups\/\d+$/);
  await expect(page.getByRole('table')).toBeVisible();
  await picture('browse-dark.png', 800);
  await context.close();
  await demo.stop();
  await rm(folder, { recursive: true });
});
