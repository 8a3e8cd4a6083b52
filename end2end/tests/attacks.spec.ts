import { ACCOUNT, expect, PASSWORD, test as base } from '../support/fixtures';
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

test('an answer of the provider opens nothing in another browser, and nothing twice', async ({ partner, another }) => {
  test.slow();
  await partner.dashboard.open();
  const thief = await another();
  const victim = await another();

  // The thief stops on the way back, and has the answer's address.
  await thief.login.open();
  await thief.login.link(BUTTON).click();
  const allow = await thief.page.getByRole('link', { name: 'Allow' }).getAttribute('href');
  const answer = await fetch(new URL(allow ?? '', thief.page.url()), { redirect: 'manual' });
  const back = answer.headers.get('location') ?? '';
  expect(back).toContain('code=');

  // Login CSRF: the victim is led there, with a sign-in of their own under way or without.
  await victim.page.goto(back);
  await expect(victim.login.alert).toContainText('was not begun in this browser');
  await victim.login.open();
  await victim.login.link(BUTTON).click();
  await victim.page.goto(back);
  await expect(victim.login.alert).toContainText('was not begun in this browser');
  await victim.page.goto('/projects');
  await victim.login.expectAddress(/\/login/);

  // In the right browser it is good, and once.
  await thief.page.goto(back);
  await thief.dashboard.expectShown();
  await thief.dashboard.signOut();
  await thief.page.goto(back);
  await expect(thief.login.alert).toContainText('was not begun in this browser');
});

test('between the password and the code nothing opens, in no tab', async ({ partner, another }) => {
  // Three people, each at a browser of their own.
  test.slow();
  const { secondFactor } = partner;
  await secondFactor.open();
  const authenticator = await secondFactor.begin(PASSWORD);
  await secondFactor.confirm(authenticator.code());
  await expect(secondFactor.notice).toContainText('is on');

  const half = await another();
  await half.login.open();
  await half.login.signIn(ACCOUNT.email, PASSWORD);
  await half.secondFactor.expectAddress(/\/login\/code$/);
  const tab = await half.page.context().newPage();
  for (const address of ['/', '/projects', '/users', '/profile', '/audit-log/export', '/projects/1/recovery-kit']) {
    await tab.goto(address);
    await expect(tab, address).toHaveURL(/\/login\/code$/);
  }
  const statuses = await half.page.evaluate(async () => {
    const ask = async (path: string, body?: string): Promise<number> => {
      const type = { 'content-type': 'application/json' };
      const answer = await fetch(path, body === undefined ? {} : { method: 'POST', headers: type, body });
      return answer.status;
    };
    return [await ask('/events'), await ask('/api/profile/get', '{}'), await ask('/api/users/list', '{"query":{}}')];
  });
  expect(statuses).toEqual([401, 401, 401]);

  // A code that leads in at one tab leads in nowhere else.
  const other = await another();
  await other.login.open();
  await other.login.signIn(ACCOUNT.email, PASSWORD);
  const code = authenticator.code(1);
  await half.secondFactor.enter(code);
  await half.dashboard.expectShown();
  await other.secondFactor.enter(code);
  await other.secondFactor.form.expectErrorAt('Code', /wrong or was used/);
  // Going back does not bring what was owed into a session that is signed in.
  await half.page.goBack();
  await half.page.goto('/profile');
  await half.secondFactor.expectAddress(/\/profile$/);

  // What ends the person's sessions ends the half one as well.
  await partner.secondFactor.open();
  await partner.secondFactor.link('Turn Off').click();
  const end = partner.secondFactor.dialog('Turn Off the Second Factor');
  await end.fill({ Password: PASSWORD });
  await end.press('Turn Off');
  await expect(partner.secondFactor.notice).toContainText('Your second factor is off');
  await other.page.goto('/login/code');
  await expect(other.page).toHaveURL(/\/login$/);
});
