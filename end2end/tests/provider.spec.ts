import { barriers } from '../support/accessibility';
import { expect, test as base } from '../support/fixtures';
import { OpenIdProvider } from '../support/openid';

const ANN = 'ann@example.com';
const BUTTON = 'Sign In with Example ID';

const test = base.extend<{ provider: OpenIdProvider }>({
  provider: async ({}, use) => {
    const provider = await OpenIdProvider.start(ANN, ['backup-team']);
    await use(provider);
    await provider.stop();
  },
  settings: async ({ home, provider }, use) => {
    await use(await provider.settings(home, 'Example ID', 'backup-team=Manager@acme'));
  },
});

for (const scripts of [true, false]) {
  test.describe(scripts ? 'with scripts' : 'without scripts', () => {
    test.use({ javaScriptEnabled: scripts });

    test('a person signs in with the provider, and is a user from then on', async ({ partner, another, provider }) => {
      await partner.dashboard.open();
      const { page, login, dashboard, credentials } = await another();
      await page.goto('/backup-credentials?search=main');
      await login.expectAddress(/\/login\?next=/);
      if (scripts) expect(await barriers(page)).toEqual([]);
      await login.link(BUTTON).click();
      await expect(page).toHaveURL(new RegExp(`^${provider.issuer}/authorize`));
      await expect(page.getByText(`You are ${ANN}`)).toBeVisible();
      await page.getByRole('link', { name: 'Allow' }).click();
      await credentials.expectAddress(/\/backup-credentials\?search=main$/);
      await expect(credentials.notice).toContainText('Signed in');
      await expect(credentials.navigation('Users')).toBeVisible();

      await partner.users.open();
      const row = partner.users.row(ANN);
      await expect(row).toContainText('Sign-in provider');
      await expect(partner.users.cell(row, 'Role')).toHaveText('Manager');
      await dashboard.signOut();
      await login.link(BUTTON).click();
      await page.goBack();
      await login.ready();

      await page.goto('/login/oidc/callback?state=made-up&code=made-up');
      // The answer is the sign-in page; without scripts it cannot say where it belongs.
      if (scripts) await login.expectAddress(/\/login$/);
      await expect(login.alert).toContainText('was not begun in this browser');
    });
  });
}
