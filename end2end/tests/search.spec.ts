import { expect, test } from '../support/fixtures';
import { addBackup } from '../support/prepare';

test('Ctrl-K finds pages, projects, backups and files', async ({ partner, s3, folders }) => {
  const { page, dashboard, browse } = partner;
  const { backup } = await addBackup(partner, s3, folders);
  await dashboard.open();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('heading', { level: 1, name: 'Search' })).toBeVisible();
  await page.keyboard.press('/');
  await page.keyboard.type('audit');
  const main = page.getByRole('main');
  await expect(main.getByRole('link', { name: 'Audit Log', exact: true })).toBeVisible();

  const search = page.getByRole('searchbox', { name: 'Search', exact: true });
  await search.fill('web');
  await expect(main.getByRole('link', { name: 'web-shop', exact: true })).toBeVisible();
  await search.fill(backup);
  await expect(main.getByRole('link', { name: backup, exact: true })).toBeVisible();
  await search.fill('harbour');
  await expect(main).toContainText('Files: searched in the newest backup of 1 of 1 project.');
  await main.getByRole('link', { name: /harbour\.bin$/ }).click();
  await browse.expectShown(backup);
  await expect(browse.entry('harbour.bin')).toBeVisible();
});

test('Ctrl-K begins what can be begun', async ({ partner, s3, folders }) => {
  const { page, dashboard } = partner;
  await addBackup(partner, s3, folders);
  await dashboard.open();
  await page.keyboard.press('Control+k');
  const [main, search] = [page.getByRole('main'), page.getByRole('searchbox', { name: 'Search', exact: true })];
  await search.fill('web-shop');
  await main.getByRole('link', { name: 'Add a policy to web-shop', exact: true }).click();
  await expect(page.getByRole('dialog', { name: 'Add Policy' })).toBeVisible();

  await page.goto('/search');
  await search.fill('invite');
  await main.getByRole('link', { name: 'Invite User', exact: true }).click();
  await expect(page.getByRole('dialog', { name: 'Invite User' })).toBeVisible();
});
