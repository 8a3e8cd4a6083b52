import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import type { Page } from '@playwright/test';

import { expect, PASSWORD, test } from '../support/fixtures';
import { addBackup, addCredential, CREDENTIAL, PROJECT, rightKeys } from '../support/prepare';
import { Quirks } from '../support/quirks';

/** Closes the ways when the story has ended. */
const quirks = test.extend<{ quirks: Quirks }>({
  quirks: async ({ s3 }, use) => {
    const way = await Quirks.start(s3);
    await use(way);
    await way.stop();
  },
});

async function recoveryPassword(page: Page, project: string): Promise<string> {
  const form = { 'form[project]': project, 'form[password]': PASSWORD };
  const asked = await page.request.post('/api/projects/recovery_kit', { form });
  const { goto } = (await asked.json()) as { goto: string };
  const kit = await page.request.get(goto);
  return /Repository password\s+(\S+)/.exec(await kit.text())?.[1] ?? '';
}

quirks('an endpoint moves with the backups that lie there', async ({ partner, s3, folders, quirks }) => {
  test.slow();
  const { page, credentials, browse } = partner;
  const { project, backup } = await addBackup(partner, s3, folders);
  await credentials.open();
  await credentials.button('Expand').click();
  await credentials.link('Move Endpoint').click();
  const dialog = credentials.dialog('Move Endpoint');
  await dialog.fill({ 'S3 Endpoint': 'http://127.0.0.1:1', 'S3 Secret Key': s3.keys.secretKey });
  await dialog.press('Move Endpoint');
  await dialog.expectErrorAt('S3 Endpoint', /does not accept connections/);
  await dialog.fill({ 'S3 Endpoint': quirks.endpoint });
  await dialog.press('Move Endpoint');
  await expect(credentials.notice).toContainText(`Backup credential ${CREDENTIAL} moved to ${quirks.endpoint}`);
  await credentials.expectNoDialog();
  await expect(credentials.row(CREDENTIAL).first()).toContainText(quirks.endpoint);
  await page.goto(`/projects/${project}/policies?tab=backups`);
  await page.getByRole('link', { name: 'Browse', exact: true }).first().click();
  await browse.expectShown(backup);
  await expect(browse.entry('empty folder')).toBeVisible();
});

quirks('what a service does not let be removed is told, tried again and given up', async ({
  partner,
  s3,
  folders,
  quirks,
}) => {
  test.slow();
  const { page, credentials, dashboard } = partner;
  await credentials.open();
  await credentials.add({ ...rightKeys(s3), endpoint: quirks.endpoint });
  await partner.projects.open();
  const project = await partner.projects.add({ name: PROJECT, directory: folders.source, backup: true });
  quirks.denies = (method, address) => method === 'DELETE' || (method === 'POST' && address.includes('?delete'));
  await page.goto(`/projects/${project}/settings?dialog=delete`);
  const question = partner.settings.dialog(`Delete project ${PROJECT}?`);
  await question.field('Type the name to confirm').fill(PROJECT);
  await question.field('Delete its backups in the bucket too').check();
  await question.press('Delete Project');
  await expect(partner.projects.notice).toContainText('Its backups are being removed');

  await expect(async () => {
    await dashboard.open();
    await expect(page.getByText('Removal failed')).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 45_000 });
  const item = page.getByRole('listitem').filter({ hasText: 'Removal failed' });
  await expect(item).toContainText(/still in the bucket holdfast-.*AccessDenied/);
  await expect(item).toContainText('Next try');
  await item.getByRole('button', { name: 'Try Now' }).click();
  await expect(dashboard.notice).toContainText(`Removing the backups of ${PROJECT} is tried again`);
  await dashboard.open();
  await page.getByRole('button', { name: 'Give Up' }).click();
  await expect(dashboard.notice).toContainText('stays in the bucket holdfast-');
  await expect(page.getByText('Removal failed')).toHaveCount(0);
});

quirks('a slow service is set up while its page shows the steps', async ({ partner, s3, folders, quirks }) => {
  test.slow();
  const { page, credentials, projects, settings } = partner;
  await credentials.open();
  await credentials.add({ ...rightKeys(s3), endpoint: quirks.endpoint });
  quirks.delay = 3_000;
  await projects.open();
  await projects.openAddDialog();
  await projects.send({ name: PROJECT, directory: folders.source, backup: true, schedule: 'Every day at 02:30' });
  await expect(projects.notice).toContainText('is being set up', { timeout: 16_000 });
  await projects.expectAddress(/\/settings$/);
  await expect(page.getByText('Setting up', { exact: true })).toBeVisible();
  const step = page.locator('.steps [aria-current="step"]');
  const first = await step.textContent();
  await expect(step, 'it moves by itself').not.toHaveText(first ?? '', { timeout: 30_000 });
  quirks.delay = 0;
  await expect(settings.enableBackup).toBeChecked({ timeout: 60_000 });
  await expect(page.getByText('Setting up', { exact: true })).toHaveCount(0);
});

test('a repository of another installation is adopted with its password', async ({ partner, s3, folders, home }) => {
  test.slow();
  const { page, projects, settings, policies } = partner;
  await mkdir(path.join(home, 's3', 'team-backups'));
  await addCredential(partner, s3);
  const place = { Bucket: 'Use an existing bucket', 'Bucket Name': 'team-backups', Prefix: 'web' };
  const enable = async (project: string) => {
    await settings.open(project);
    await settings.enableBackup.check();
    await settings.form.fill(place);
    await settings.button('Save').click();
  };
  await projects.open();
  const first = await projects.add({ name: 'first', directory: folders.source, backup: false });
  await enable(first);
  await expect(policies.notice).toContainText('Backup enabled for first');
  await policies.expectAddress(/tab=schedules&dialog=add/);
  await page.goto(`/projects/${first}/policies?tab=schedules`);
  await policies.add({ name: 'nightly', period: 'On the first of every month at 02:30' });
  const backup = await policies.runNow('nightly');
  await policies.expectPhase(backup, 'Completed');
  const password = await recoveryPassword(page, first);
  expect(password).toMatch(/^\w{40,}$/);
  const deleted = { 'form[project]': first, 'form[confirm_name]': 'first' };
  expect((await page.request.post('/api/projects/delete', { form: deleted })).status()).toBe(200);

  await projects.open();
  const second = await projects.add({ name: 'second', directory: folders.source, backup: false });
  await enable(second);
  await settings.form.expectErrorAt('Repository Password', /adopt it with its password/);
  await settings.form.fill({ 'Repository Password': password });
  await settings.form.press('Adopt');
  await expect(settings.notice).toContainText('1 backup that was there is listed');
  await page.goto(`/projects/${second}/policies?tab=backups`);
  await expect(page.getByText(/^adopted-\d{14}-[0-9a-f]{8}$/).first()).toBeVisible();
});

test('a certificate and an address are asked for where a service needs them', async ({ partner, s3 }) => {
  const { credentials } = partner;
  await credentials.open();
  const dialog = await credentials.openAddDialog();
  await expect(dialog.field('CA Certificate')).toBeHidden();
  await dialog.root.getByText('Addressing and CA certificate').click();
  await dialog.fill({ Addressing: 'Bucket in the path', 'CA Certificate': 'no certificate' });
  await credentials.send(rightKeys(s3));
  await dialog.expectErrorAt('CA Certificate', /not a certificate in PEM format/);
  await dialog.fill({ 'CA Certificate': '' });
  await dialog.press('Add');
  await expect(credentials.notice).toContainText(`Backup credential ${CREDENTIAL} added`);
  await credentials.button('Expand').click();
  await expect(credentials.page.getByText('Bucket in the path')).toBeVisible();
});
