import { ACCOUNT, expect, test } from '../support/fixtures';
import { addBackup, POLICY, PROJECT, rightKeys, signInAs } from '../support/prepare';

test('a User sees projects and backups, and changes nothing', async ({ partner, another, s3, folders, holdfast }) => {
  const { project, backup } = await addBackup(partner, s3, folders);
  const user = await another();
  await signInAs('User', holdfast, user);
  await expect(user.dashboard.page.getByText(PROJECT).first()).toBeVisible();
  for (const name of ['Backup Credentials', 'Users', 'Organizations', 'Nodes', 'Audit Log']) {
    await expect(user.dashboard.navigation(name), name).toHaveCount(0);
  }

  await test.step('projects', async () => {
    await user.projects.open('?dialog=add');
    await expect(user.projects.row(PROJECT)).toBeVisible();
    await expect(user.projects.link('Add Project')).toHaveCount(0);
    await expect(user.projects.link('Settings')).toHaveCount(0);
    await user.projects.expectNoDialog();
  });

  await test.step('policies, backups, restores', async () => {
    await user.policies.open(project, 'Schedules');
    const schedule = user.policies.row(POLICY);
    await expect(user.policies.action(schedule, 'Show Description')).toBeVisible();
    await user.policies.open(project, 'Backups');
    await expect(user.policies.row(backup)).toContainText('Completed');
    for (const tab of ['Schedules', 'Backups', 'Restores'] as const) {
      await user.policies.choose(tab);
      for (const name of ['Add Policy', 'Run Now', 'Pause', 'Edit', 'Delete', 'Browse', 'Restore', 'Cancel']) {
        await expect(user.policies.link(name).or(user.policies.button(name)), `${tab}: ${name}`).toHaveCount(0);
      }
    }
  });

  await test.step('what is forbidden is a page that says so', async () => {
    const browse = `/projects/${project}/backups/1`;
    const management = ['/backup-credentials', '/users', '/organizations', '/nodes', '/audit-log'];
    for (const address of [...management, `/projects/${project}/settings`, browse]) {
      const answer = await user.page.goto(address);
      expect(answer?.status(), address).toBe(403);
      await expect(user.page.getByRole('alert'), address).toContainText('The role User cannot');
    }
  });

  await test.step('the server refuses what the page does not offer', async () => {
    for (const [called, form] of [
      ['policies/run_now', { 'form[policy]': '1' }],
      ['projects/lock', { 'form[project]': project }],
      ['credentials/lock', { 'form[credential]': '1' }],
      ['users/remove', { 'form[user]': '1' }],
      ['organizations/remove', { 'form[organization]': '1' }],
    ] as const) {
      const answer = await user.page.request.post(`/api/${called}`, { form });
      expect(answer.status(), called).toBe(403);
    }
  });
});

test('a Manager manages the own organization', async ({ partner, another, s3, folders, holdfast }) => {
  await partner.dashboard.open();
  const manager = await another();
  await signInAs('Manager', holdfast, manager);
  await manager.credentials.open();
  const dialog = await manager.credentials.openAddDialog();
  await expect(dialog.field('Organization')).toHaveCount(0);
  await manager.credentials.send(rightKeys(s3));
  await expect(manager.credentials.notice).toContainText('added');
  await manager.projects.open();
  await manager.projects.openAddDialog();
  await expect(manager.projects.addDialog.field('Organization')).toHaveCount(0);
  await manager.projects.send({ name: PROJECT, directory: folders.source, backup: true });
  await manager.policies.expectChosen('Schedules');
  await manager.policies.add({ name: POLICY, period: 'Every Sunday at 02:30' });
  const backup = await manager.policies.runNow(POLICY);
  await manager.policies.expectPhase(backup, 'Completed');
});

test('a Partner sees the nodes, and what each is doing', async ({ partner }) => {
  const { dashboard } = partner;
  await dashboard.open();
  await dashboard.navigation('Nodes').click();
  await expect(dashboard.heading('Nodes')).toBeVisible();
  const row = partner.page.getByRole('table', { name: 'Nodes' }).getByRole('row').nth(1);
  await dashboard.eventually((timeout) => expect(row).toContainText('Working', { timeout }), 15_000);
});

test('a Partner chooses the organization', async ({ partner, s3 }) => {
  const { credentials } = partner;
  await credentials.open();
  const dialog = await credentials.openAddDialog();
  await expect(dialog.field('Organization').locator('option:checked')).toHaveText(ACCOUNT.organization);
  await credentials.send(rightKeys(s3));
  await credentials.expectNoDialog();
  await expect(credentials.page.getByLabel('Organization', { exact: true })).toBeVisible();
});
