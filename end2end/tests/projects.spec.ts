import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from '../support/fixtures';
import { addCredential, CREDENTIAL, PROJECT, rightKeys } from '../support/prepare';

test('the directory has to exist below an allowed root', async ({ partner, folders }) => {
  const { projects, project } = partner;
  const wayOut = path.join(folders.root, 'way-out');
  await symlink(folders.outside, wayOut);
  await projects.open();
  await expect(projects.page.getByText('No projects yet')).toBeVisible();
  const dialog = await projects.openAddDialog();

  await projects.send({ name: 'Web Shop', directory: 'web-shop', backup: false });
  await dialog.expectErrorAt('Project Name', /lower-case letters, digits and hyphens/);
  await dialog.expectErrorAt('Directory', /absolute path/);

  for (const [directory, message] of [
    [path.join(folders.root, 'nothing'), /does not exist/],
    [folders.outside, /lies outside/],
    [path.join(folders.root, '../outside'), /outside/],
    [wayOut, /leads out of the directories/],
    [path.join(folders.source, 'notes.txt'), /is not a directory/],
  ] as const) {
    await projects.send({ name: PROJECT, directory, backup: false });
    await dialog.expectErrorAt('Directory', message);
    await dialog.expectValues({ 'Project Name': PROJECT, Directory: directory });
  }

  await projects.send({ name: PROJECT, directory: folders.source, backup: false });
  await project.expectAddress(/\/projects\/\d+$/);
  await expect(project.heading(PROJECT)).toBeVisible();
  await expect(project.notice).toContainText(`Project ${PROJECT} created`);

  await projects.open();
  const row = projects.row(PROJECT);
  await expect(projects.cell(row, 'Backup')).toHaveText('Off');
  await expect(projects.cell(row, 'Source')).toContainText(folders.source);
  await projects.openAddDialog();
  await projects.send({ name: PROJECT, directory: folders.source, backup: false });
  await dialog.expectErrorAt('Project Name', /already/);
});

test('backup needs credentials, and a bucket that can be used', async ({ partner, s3, folders }) => {
  const { projects, policies } = partner;
  await projects.open();
  const dialog = await projects.openAddDialog();
  await projects.send({ name: PROJECT, directory: folders.source, backup: true });
  await expect(dialog.alert).toBeVisible();

  await addCredential(partner, s3);
  await projects.open();
  await projects.openAddDialog();
  // On where a credential can be chosen.
  const enable = dialog.root.getByRole('switch', { name: 'Enable Backup' });
  await expect(enable).toBeChecked();
  await enable.setChecked(false);
  await expect(dialog.field('Backup Credentials')).toBeHidden();
  await enable.setChecked(true);
  await expect(dialog.field('Backup Credentials').locator('option:checked')).toContainText(CREDENTIAL);

  await test.step('a bucket that does not exist', async () => {
    await dialog.fill({ Bucket: 'Use an existing bucket', 'Bucket Name': 'no-such-bucket' });
    await projects.send({ name: PROJECT, directory: folders.source, backup: true });
    await expect(dialog.alert).toContainText('no-such-bucket');
    await expect(dialog.alert).toContainText('does not exist');
  });

  await test.step('S3 is away', async () => {
    await s3.startAgain({ ...rightKeys(s3), secretKey: 'keys that were changed' });
    await dialog.fill({ Bucket: 'Create a bucket' });
    await projects.send({ name: PROJECT, directory: folders.source, backup: true });
    await expect(dialog.alert).toContainText('Invalid S3 credentials');
  });

  await test.step('the same form again', async () => {
    await s3.startAgain({ ...s3.keys, secretKey: 'a secret of the tests' });
    await dialog.press('Create Project');
    await policies.expectAddress(/\/policies\?tab=schedules$/);
    await expect(policies.notice).toContainText(`Project ${PROJECT} created, backup enabled`);
  });

  await projects.open();
  await expect(projects.cell(projects.row(PROJECT), 'Backup')).toHaveText('Enabled');
});

test('search and sort of the list', async ({ partner, folders }) => {
  const { projects } = partner;
  for (const name of ['blog', 'wiki', 'archive']) {
    await mkdir(path.join(folders.root, name));
    await projects.open();
    await projects.add({ name, directory: path.join(folders.root, name), backup: false });
  }
  await projects.open('?sort=name');
  const names = projects.page.locator('[data-label="Name"]');
  await expect(names).toHaveText(['archive', 'blog', 'wiki']);
  await projects.page.getByRole('columnheader', { name: 'Name', exact: true }).getByRole('link').click();
  await expect(names).toHaveText(['wiki', 'blog', 'archive']);
  await projects.search.fill('IK');
  await expect(names).toHaveText(['wiki']);
  await projects.expectAddress(/search=IK/);
});

for (const scripts of [true, false]) {
  test.describe(scripts ? 'with scripts' : 'without scripts', () => {
    test.use({ javaScriptEnabled: scripts });

    test('ticked projects are changed together', async ({ partner, folders }) => {
      const { projects, page } = partner;
      for (const name of ['alpha', 'beta']) {
        await projects.open();
        await projects.add({ name, directory: folders.source, backup: false });
      }
      await projects.open();
      const action = page.getByLabel('With the chosen projects');
      const apply = action.locator('xpath=ancestor::form').getByRole('button', { name: 'Apply' });
      if (scripts) await expect(action).toBeHidden();
      await page.getByRole('checkbox', { name: 'Choose alpha', exact: true }).check();
      await expect(action).toBeVisible();
      await action.selectOption('Lock Project');
      await apply.click();
      await expect(projects.notice).toContainText('1 project locked');
      await expect(projects.row('alpha')).toContainText('Locked');
      await expect(projects.row('beta')).not.toContainText('Locked');

      if (scripts) {
        await expect(action).toBeHidden();
        await page.getByRole('checkbox', { name: 'Choose all on this page' }).check();
        await expect(page.getByText('2 chosen')).toBeVisible();
      } else {
        for (const name of ['alpha', 'beta']) await page.getByRole('checkbox', { name: `Choose ${name}`, exact: true }).check();
      }
      await action.selectOption('Pause Schedules');
      await apply.click();
      await expect(projects.alert.first()).toContainText('Not done: alpha: It has no policy; beta: It has no policy');
    });
  });
}
