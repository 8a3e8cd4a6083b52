import { ACCOUNT, expect, test } from '../support/fixtures';
import { addBackedUpProject, CREDENTIAL, POLICY, PROJECT, rightKeys, signInAs } from '../support/prepare';

const ANN = 'ann@example.com';

test('a Manager administers the own organization and sees no other', async ({ partner, another, holdfast, s3 }) => {
  const added = { form: { 'form[name]': 'globex', 'form[time_zone]': 'UTC' } };
  expect((await partner.page.request.post('/api/organizations/add', added)).status()).toBe(200);
  await holdfast.addUser('stranger@example.com', 'globex', 'User', ACCOUNT.password);
  const manager = await another();
  const own = await signInAs('Manager', holdfast, manager);

  await test.step('users', async () => {
    const { users } = manager;
    await users.navigation('Users').click();
    await expect(users.row(own)).toBeVisible();
    await expect(users.row('stranger@example.com')).toHaveCount(0);
    await expect(users.page.getByLabel('Organization', { exact: true })).toHaveCount(0);
    await expect(users.row(ACCOUNT.email).getByRole('link')).toHaveCount(0);
    await expect(users.row(own).getByRole('link', { name: 'Remove User', exact: true })).toHaveCount(0);

    await users.link('Invite User').click();
    const invite = users.dialog('Invite User');
    await expect(invite.field('Organization')).toHaveCount(0);
    await expect(invite.field('Role').locator('option')).toHaveText(['User', 'Manager']);
    await invite.fill({ Email: ANN, Role: 'User' });
    await invite.press('Invite');
    await expect(users.row(ANN)).toContainText('Invited');

    await users.row(ANN).getByRole('link', { name: 'Change Role', exact: true }).click();
    const change = users.dialog('Change Role');
    await change.fill({ Role: 'Manager' });
    await change.press('Change Role');
    await expect(users.notice).toContainText(`${ANN} is Manager now`);
    await users.row(ANN).getByRole('button', { name: 'Reset Password', exact: true }).click();
    await expect(users.page.getByLabel('One-time link')).toHaveValue(/set-password/);
    await users.row(ANN).getByRole('link', { name: 'Remove User', exact: true }).click();
    await expect(users.dialog('Remove User').root).toContainText(ANN);
    await users.dialog('Remove User').press('Remove User');
    await expect(users.row(ANN)).toHaveCount(0);
  });

  await test.step('organizations are not a Manager\'s', async () => {
    await expect(manager.users.navigation('Organizations')).toHaveCount(0);
    const answer = await manager.page.goto('/organizations');
    expect(answer?.status()).toBe(403);
    await expect(manager.users.alert).toContainText('The role Manager cannot manage organizations');
  });

  await test.step('credentials', async () => {
    const { credentials } = manager;
    await credentials.open();
    await credentials.add(rightKeys(s3));
    await credentials.button('Expand').click();
    await credentials.button('Lock Credential').click();
    await expect(credentials.row(CREDENTIAL)).toContainText('Locked');
    await credentials.button('Unlock Credential').click();
    await expect(credentials.row(CREDENTIAL)).not.toContainText('Locked');
    await credentials.link('Delete Credential').click();
    await credentials.dialog('Delete Backup Credential').press('Delete Credential');
    await expect(credentials.notice).toContainText(`${CREDENTIAL} deleted`);
  });

  await test.step('the audit log of the own organization', async () => {
    const { auditLog } = manager;
    await auditLog.navigation('Audit Log').click();
    await expect(auditLog.row('user invited')).toContainText(own);
    await expect(auditLog.row('organization added')).toHaveCount(0);
    await expect(auditLog.page.getByLabel('Organization', { exact: true })).toHaveCount(0);
  });
});

test('a Manager saves, locks and deletes a project in its Settings', async ({ partner, another, holdfast, s3, folders }) => {
  await partner.dashboard.open();
  const manager = await another();
  await signInAs('Manager', holdfast, manager);
  const { settings, policies, projects } = manager;
  const project = await addBackedUpProject(manager, s3, folders);
  await policies.add({ name: POLICY, period: 'On the first of every month at 02:30' });

  await test.step('a save that changes nothing', async () => {
    await settings.open(project);
    await settings.save(true);
    await expect(settings.notice).toContainText('Nothing changed');
    await expect(settings.alert).toHaveCount(0);
  });

  await test.step('locked, it offers no change', async () => {
    await settings.button('Lock Project').click();
    await expect(settings.button('Unlock Project')).toBeVisible();
    await expect(settings.button('Save')).toBeDisabled();
    await expect(settings.button('Delete Project')).toBeDisabled();
    await policies.open(project, 'Schedules');
    await expect(policies.page.getByText('This project is locked')).toBeVisible();
    await policies.expectActions(policies.row(POLICY), { with: ['Run Now', 'Show Description'], without: ['Delete'] });
    await expect(policies.link('Add Policy')).toHaveCount(0);
    await settings.open(project);
    await settings.button('Unlock Project').click();
    await expect(settings.button('Lock Project')).toBeVisible();
  });

  await test.step('deleted after its name was typed', async () => {
    await settings.link('Delete Project').click();
    const question = settings.dialog(`Delete project ${PROJECT}?`);
    await question.fill({ 'Type the name to confirm': 'web' });
    await question.press('Delete Project');
    await question.expectErrorAt('Type the name to confirm', /web-shop/);
    await question.fill({ 'Type the name to confirm': PROJECT });
    await question.press('Delete Project');
    await expect(projects.notice).toContainText(`Project ${PROJECT} deleted. Its backups stay in the bucket`);
    await expect(projects.page.getByText('No projects yet')).toBeVisible();
  });
});

test('a Partner edits and removes organizations by dialogs that have an address', async ({ partner }) => {
  const { organizations } = partner;
  await organizations.open('?dialog=add');
  const add = organizations.dialog('Add Organization');
  await add.fill({ Name: 'globex' });
  await add.press('Add');
  await organizations.row('globex').getByRole('link', { name: 'Edit', exact: true }).click();
  const edit = organizations.dialog('Edit Organization');
  await edit.fill({ Name: ACCOUNT.organization });
  await edit.press('Save');
  await edit.expectErrorAt('Name', /already/);
  await edit.fill({ Name: 'initech' });
  await edit.press('Save');
  await expect(organizations.row('initech')).toBeVisible();

  await organizations.row(ACCOUNT.organization).getByRole('link', { name: 'Remove Organization', exact: true }).click();
  const remove = organizations.dialog('Remove Organization');
  await remove.press('Remove Organization');
  await expect(remove.alert).toContainText('The organization still has 1 user(s)');
  await remove.press('Cancel');
  await organizations.expectNoDialog();
  await organizations.open('?dialog=delete&id=2');
  await expect(remove.root).toContainText('initech');
  await remove.press('Remove Organization');
  await expect(organizations.row('initech')).toHaveCount(0);
});
