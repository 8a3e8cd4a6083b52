import { expect, test } from '../support/fixtures';
import { addBackup, rightKeys } from '../support/prepare';

test('a wrong address is a page that says so', async ({ partner }) => {
  const { page, dashboard } = partner;
  for (const address of ['/nowhere', '/projects/999', '/projects/x', '/projects/999/settings', '/projects/999/policies', '/projects/1/backups/1']) {
    const answer = await page.goto(address);
    expect(answer?.status(), address).toBe(404);
    await expect(dashboard.heading('Not found'), address).toHaveCount(1);
    await dashboard.ready();
  }
  await dashboard.link('Go to the dashboard').click();
  await dashboard.expectShown();
});

test('health is told without signing in', async ({ visitor }) => {
  for (const address of ['/healthz', '/readyz']) {
    expect((await visitor.page.request.get(address)).status(), address).toBe(200);
  }
});

test('dialogs have addresses, close with Escape, and give the focus back', async ({ partner, s3, folders }) => {
  const { page, credentials, policies, projects } = partner;

  await test.step('opened from its button', async () => {
    await credentials.open('?search=a');
    const opener = credentials.link('Add Credentials');
    await opener.focus();
    await page.keyboard.press('Enter');
    await expect(credentials.addDialog.field('S3 Name')).toBeFocused();
    await credentials.expectAddress(/\?search=a&dialog=add$/);
    await page.keyboard.press('Escape');
    await credentials.expectNoDialog();
    await credentials.expectAddress(/\?search=a$/);
    await expect(opener).toBeFocused();
  });

  await test.step('the back button closes it too', async () => {
    await credentials.openAddDialog();
    await page.goBack();
    await credentials.expectNoDialog();
    await page.goForward();
    await expect(credentials.addDialog.root).toBeVisible();
    await credentials.addDialog.button('Close').click();
    await credentials.expectNoDialog();
  });

  await test.step('opened from an address', async () => {
    await projects.open('?dialog=add');
    await expect(projects.addDialog.field('Project Name')).toBeVisible();
    await page.keyboard.press('Escape');
    await projects.expectNoDialog();
    await projects.expectAddress(/\/projects$/);
  });

  await test.step('each dialog of the policy page', async () => {
    const { project, backup } = await addBackup(partner, s3, folders);
    await policies.open(project, 'Backups');
    for (const [action, title] of [
      ['Show Description', 'Backup'],
      ['Restore', 'Restore Backup'],
      ['Delete', 'Delete Backup'],
    ] as const) {
      await policies.act(policies.row(backup), action);
      await expect(policies.dialog(title).root).toBeVisible();
      await page.reload();
      await policies.ready();
      await expect(policies.dialog(title).root).toContainText(backup);
      await page.keyboard.press('Escape');
      await policies.expectNoDialog();
      await policies.expectChosen('Backups');
    }
  });
});

test('a dialog without anything typed is not a trap', async ({ partner, s3 }) => {
  const { credentials, page } = partner;
  await credentials.open();
  await credentials.openAddDialog();
  await credentials.send({ ...rightKeys(s3), secretKey: 'not the secret' });
  await expect(credentials.addDialog.alert).toBeVisible();
  await page.keyboard.press('Escape');
  await credentials.button('Discard').click();
  await credentials.expectNoDialog();
  const dialog = await credentials.openAddDialog();
  await expect(dialog.alert).toHaveCount(0);
});
