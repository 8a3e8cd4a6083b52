import { ACCOUNT, expect, test } from '../support/fixtures';

test('a wrong password is told, and the right one leads in', async ({ partner, another }) => {
  await partner.dashboard.open();
  const { login, dashboard } = await another();
  await login.open();
  await login.signIn(ACCOUNT.email, 'not the password');
  await expect(login.alert).toContainText('Email or password is wrong');
  await login.ready();
  await login.form.expectValues({ Email: ACCOUNT.email, Password: '' });

  await login.signIn('nobody@example.com', ACCOUNT.password);
  await expect(login.alert).toContainText('Email or password is wrong');
  await login.ready();

  await login.signIn(ACCOUNT.email.toUpperCase(), ACCOUNT.password);
  await dashboard.expectShown();
});

test('who is not signed in comes back to where they wanted', async ({ partner, another }) => {
  await partner.dashboard.open();
  const { page, login, credentials } = await another();
  await page.goto('/backup-credentials?search=main%20store&dialog=add');
  await expect(page).toHaveURL(/\/login\?next=/);
  await login.ready();
  await login.signIn(ACCOUNT.email, 'not the password');
  await expect(login.alert).toBeVisible();
  await login.ready();
  await login.signIn(ACCOUNT.email, ACCOUNT.password);
  await credentials.expectAddress(/\/backup-credentials\?search=main(%20|\+)store&dialog=add$/);
  await expect(credentials.addDialog.root).toBeVisible();
});

test('sign-out ends the session in every tab', async ({ partner }) => {
  const { page, dashboard, credentials } = partner;
  await dashboard.open();
  const other = await page.context().newPage();
  await other.goto('/projects');
  await expect(other.locator('html')).toHaveClass(/hydrated/);
  await dashboard.signOut();
  await page.goBack();
  await expect(page).toHaveURL(/\/login/);

  await other.getByRole('link', { name: 'Backup Credentials' }).click();
  await expect(other).toHaveURL(/\/login\?next=%2Fbackup-credentials|\/login\?next=\/backup-credentials/);
  await expect(other.getByRole('button', { name: 'Sign In' })).toBeVisible();
  await expect(credentials.navigation('Projects')).toHaveCount(0);
});
