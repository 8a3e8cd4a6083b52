import type { Holdfast, Role } from '../support/holdfast';
import { ACCOUNT, expect, PASSWORD, test } from '../support/fixtures';
import { addBackup, POLICY, PROJECT, rightKeys } from '../support/prepare';
import type { Visitor } from '../support/visitor';

async function signInAs(role: Role, holdfast: Holdfast, visitor: Visitor): Promise<void> {
  const email = `${role.toLowerCase()}@example.com`;
  await holdfast.addUser(email, ACCOUNT.organization, role, PASSWORD);
  await visitor.login.open();
  await visitor.login.signIn(email, PASSWORD);
  await visitor.dashboard.expectShown();
}

test('a User sees projects and backups, and changes nothing', async ({ partner, another, s3, folders, holdfast }) => {
  const { project, backup } = await addBackup(partner, s3, folders);
  const user = await another();
  await signInAs('User', holdfast, user);
  await expect(user.dashboard.page.getByText(PROJECT).first()).toBeVisible();
  await expect(user.dashboard.navigation('Backup Credentials')).toHaveCount(0);

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
      for (const name of ['Add Policy', 'Run Now', 'Delete', 'Browse', 'Restore', 'Cancel']) {
        await expect(user.policies.link(name).or(user.policies.button(name)), `${tab}: ${name}`).toHaveCount(0);
      }
    }
  });

  await test.step('what is forbidden is a page that says so', async () => {
    const browse = `/projects/${project}/backups/1`;
    for (const address of ['/backup-credentials', `/projects/${project}/settings`, browse]) {
      const answer = await user.page.goto(address);
      expect(answer?.status(), address).toBe(403);
      await expect(user.page.getByRole('alert'), address).toContainText('Your role User may not');
    }
  });

  await test.step('the server refuses what the page does not offer', async () => {
    const form = { 'form[policy]': '1' };
    const answer = await user.page.request.post('/api/policies/run_now', { form });
    expect(answer.status()).toBe(403);
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

test('a Partner chooses the organization', async ({ partner, s3 }) => {
  const { credentials } = partner;
  await credentials.open();
  const dialog = await credentials.openAddDialog();
  await expect(dialog.field('Organization').locator('option:checked')).toHaveText(ACCOUNT.organization);
  await credentials.send(rightKeys(s3));
  await credentials.expectNoDialog();
  await expect(credentials.page.getByLabel('Organization', { exact: true })).toBeVisible();
});
