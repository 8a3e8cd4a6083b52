import { ACCOUNT, expect, test } from '../support/fixtures';

test('every field is checked, and what was typed stays', async ({ visitor }) => {
  const { setup, dashboard } = visitor;
  await setup.open();
  await expect(setup.heading('Welcome to Holdfast')).toBeVisible();
  const wrong = { accountName: 'ab', organization: 'a b', email: 'nobody', password: 'elevenchars' };
  await setup.createAccount(wrong);

  await setup.form.expectErrorAt('Account Name', /needs 3 to 60 characters/);
  await setup.form.expectErrorAt('Organization', /may contain only letters/);
  await setup.form.expectErrorAt('Email', /must look like/);
  await setup.form.expectErrorAt('Password', /needs 12 to 256 characters/);
  await expect(setup.alert).toContainText('4 fields need attention');
  await setup.form.expectValues({ 'Account Name': 'ab', Organization: 'a b', Email: 'nobody', Password: '' });

  await setup.createAccount({ ...ACCOUNT, password: 'elevenchars' });
  await setup.form.expectErrorAt('Password', /needs 12 to 256 characters/);
  await setup.form.expectNoErrorAt('Organization');
  await setup.form.expectValues({ Organization: ACCOUNT.organization });

  await setup.createAccount(ACCOUNT);
  await dashboard.expectShown();
  await expect(dashboard.button('Sign Out')).toBeVisible();
});

test('the page is gone once the account exists', async ({ partner, another }) => {
  for (const somebody of [partner, await another()]) {
    const answer = await somebody.page.goto('/setup');
    expect(answer?.status()).toBe(404);
    await expect(somebody.setup.heading('Not found')).toBeVisible();
  }
});
