import { ACCOUNT, expect, PASSWORD, test } from '../support/fixtures';
import { addCredential } from '../support/prepare';

const ANN = 'ann@example.com';

test('a person is invited by a one-time link, changes role, and is removed', async ({ partner, another }) => {
  const { users } = partner;
  await users.open();

  const link = await test.step('invite', async () => {
    await users.link('Invite User').click();
    const dialog = users.dialog('Invite User');
    await dialog.fill({ Email: 'no address', Role: 'User' });
    await dialog.press('Invite');
    await dialog.expectErrorAt('Email', /name@example\.com/);
    await dialog.fill({ Email: ANN });
    await dialog.press('Invite');
    await expect(users.notice).toContainText(`${ANN} invited`);
    await expect(users.row(ANN)).toContainText('User');
    return users.page.getByLabel('One-time link').inputValue();
  });

  const ann = await another();
  await test.step('the link leads to a password, once', async () => {
    await ann.page.goto(link);
    await expect(ann.page.getByRole('main')).toContainText(ANN);
    await ann.page.getByLabel('Password', { exact: true }).fill('short');
    await ann.page.getByRole('button', { name: 'Set Password', exact: true }).click();
    await expect(ann.page.getByRole('alert')).toContainText('12 to 256 characters');
    await ann.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await ann.page.getByRole('button', { name: 'Set Password', exact: true }).click();
    await ann.dashboard.expectShown();
    await expect(ann.dashboard.navigation('Users')).toHaveCount(0);
    const again = await another();
    const answer = await again.page.goto(link);
    expect(answer?.status()).toBe(404);
    await expect(again.page.getByText('This link does not work')).toBeVisible();
  });

  await test.step('a Manager sees more', async () => {
    await users.open();
    await users.row(ANN).getByRole('link', { name: 'Change Role', exact: true }).click();
    const dialog = users.dialog('Change Role');
    await dialog.fill({ Role: 'Manager' });
    await dialog.press('Change Role');
    await expect(users.row(ANN)).toContainText('Manager');
    await ann.page.goto('/');
    await expect(ann.page, 'the new role begins with a new sign-in').toHaveURL(/\/login$/);
    await ann.login.ready();
    await ann.login.signIn(ANN, PASSWORD);
    await ann.dashboard.expectShown();
    await expect(ann.dashboard.navigation('Users')).toBeVisible();
    await expect(ann.dashboard.navigation('Organizations')).toHaveCount(0);
  });

  await test.step('removed, and out at once', async () => {
    await users.row(ANN).getByRole('link', { name: 'Remove User', exact: true }).click();
    await users.page.getByRole('dialog').getByRole('button', { name: 'Remove User', exact: true }).click();
    await expect(users.row(ANN)).toHaveCount(0);
    await ann.page.goto('/');
    await expect(ann.page).toHaveURL(/\/login/);
  });
});

test('an organization is added, renamed and removed', async ({ partner }) => {
  const { organizations } = partner;
  await organizations.open();
  await organizations.link('Add Organization').click();
  const add = organizations.dialog('Add Organization');
  await add.fill({ Name: 'ACME' });
  await add.press('Add');
  await add.expectErrorAt('Name', /already/);
  await add.fill({ Name: 'globex' });
  await add.press('Add');
  await expect(organizations.row('globex')).toBeVisible();
  await organizations.row('globex').getByRole('link', { name: 'Remove Organization', exact: true }).click();
  await organizations.page.getByRole('dialog').getByRole('button', { name: 'Remove Organization', exact: true }).click();
  await expect(organizations.row('globex')).toHaveCount(0);
});

test('a changed password ends the other sessions', async ({ partner, another }) => {
  const elsewhere = await another();
  await elsewhere.login.open();
  await elsewhere.login.signIn(ACCOUNT.email, PASSWORD);
  await elsewhere.dashboard.expectShown();
  const { profile } = partner;
  await profile.open();
  await expect(profile.button('End Session')).toHaveCount(1);
  await profile.page.getByLabel('Current Password', { exact: true }).fill(PASSWORD);
  await profile.page.getByLabel('New Password', { exact: true }).fill('another good password');
  await profile.button('Change Password').click();
  await expect(profile.notice).toContainText('Password changed');
  await expect(profile.button('End Session')).toHaveCount(0);
  await elsewhere.page.goto('/');
  await expect(elsewhere.page).toHaveURL(/\/login/);
});

test('the audit log is searched, filtered and exported', async ({ partner, s3 }) => {
  const { auditLog } = partner;
  await addCredential(partner, s3);
  await auditLog.open();
  const entry = auditLog.row('backup credential added');
  await expect(entry).toContainText(ACCOUNT.email);
  await expect(entry).toContainText('127.0.0.1');
  await expect(entry).not.toContainText(s3.keys.secretKey);
  await auditLog.open('?action=account+created');
  await expect(auditLog.row('account created')).toBeVisible();
  await expect(entry).toHaveCount(0);
  const [download] = await Promise.all([
    auditLog.page.waitForEvent('download'),
    auditLog.link('Export CSV').click(),
  ]);
  expect(download.suggestedFilename()).toBe('audit-log.csv');
});
