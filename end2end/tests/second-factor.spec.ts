import { barriers } from '../support/accessibility';
import { ACCOUNT, expect, PASSWORD, test } from '../support/fixtures';

const SECOND = 'second@example.com';

for (const scripts of [true, false]) {
  test.describe(scripts ? 'with scripts' : 'without scripts', () => {
    test.use({ javaScriptEnabled: scripts });

    test('a second factor is set up, asked for, renewed and turned off', async ({ partner, another }) => {
      const { page, profile, secondFactor } = partner;
      const looksGood = async () => {
        // The scan is a script.
        if (scripts) expect(await barriers(page)).toEqual([]);
      };

      const authenticator = await test.step('set up', async () => {
        await profile.open();
        await profile.link('Set Up Second Factor').click();
        await secondFactor.expectAddress(/\/profile\/second-factor$/);
        await secondFactor.form.fill({ Password: 'not the password' });
        await secondFactor.form.press('Set Up');
        await secondFactor.form.expectErrorAt('Password', /not your password/);
        await secondFactor.ready();
        await looksGood();
        const app = await secondFactor.begin(PASSWORD);
        await expect(secondFactor.codes).toHaveCount(10);
        await looksGood();
        await secondFactor.confirm('12 34');
        await secondFactor.form.expectErrorAt('Code', /6 digits/);
        await secondFactor.ready();
        await secondFactor.confirm(app.code());
        await expect(secondFactor.notice).toContainText('Your second factor is on');
        await expect(secondFactor.codes).toHaveCount(0);
        await secondFactor.ready();
        await looksGood();
        return app;
      });

      await test.step('the code is asked for after the password', async () => {
        const elsewhere = await another();
        await elsewhere.login.open();
        await elsewhere.login.signIn(ACCOUNT.email, PASSWORD);
        await elsewhere.secondFactor.enter('000 000');
        await elsewhere.secondFactor.form.expectErrorAt('Code', /wrong or was used/);
        if (scripts) expect(await barriers(elsewhere.page)).toEqual([]);
        await elsewhere.page.goto('/projects');
        await elsewhere.secondFactor.enter(authenticator.code(1));
        await elsewhere.dashboard.expectShown();
        await expect(elsewhere.dashboard.notice).toContainText('Signed in');
      });

      await test.step('new recovery codes, and off again', async () => {
        await secondFactor.link('New Recovery Codes').click();
        const renew = secondFactor.dialog('New Recovery Codes');
        await renew.fill({ Password: PASSWORD });
        await looksGood();
        await renew.press('Show Codes');
        await expect(secondFactor.codes).toHaveCount(10);
        await secondFactor.button('Use These Codes').click();
        await expect(secondFactor.notice).toContainText('The new recovery codes count');
        await expect(secondFactor.codes).toHaveCount(0);
        await secondFactor.link('Turn Off').click();
        const end = secondFactor.dialog('Turn Off the Second Factor');
        await end.fill({ Password: 'not the password' });
        await end.press('Turn Off');
        await end.expectErrorAt('Password', /not your password/);
        await looksGood();
        await end.fill({ Password: PASSWORD });
        await end.press('Turn Off');
        await expect(secondFactor.notice).toContainText('Your second factor is off');
        await expect(secondFactor.button('Set Up')).toBeVisible();
      });
    });
  });
}

test('an account wants a second factor of its Partners, and a lost one is reset', async ({
  partner,
  another,
  holdfast,
}) => {
  const { organizations, users, secondFactor } = partner;
  await holdfast.addUser(SECOND, ACCOUNT.organization, 'Partner', PASSWORD);

  await test.step('only who has one may want it', async () => {
    await organizations.open();
    const wish = organizations.page.getByRole('switch', { name: 'Partners must use a second factor' });
    await expect(organizations.button('Save')).toBeHidden();
    await wish.click();
    await expect(wish).toHaveAccessibleDescription(/Set up your own second factor first/);
    await expect(wish).not.toBeChecked();
    await secondFactor.open();
    await secondFactor.confirm((await secondFactor.begin(PASSWORD)).code());
    await expect(secondFactor.notice).toContainText('is on');
    await organizations.open();
    await wish.click();
    await expect(organizations.notice).toContainText('Partners must use a second factor now');
    await expect(wish).toBeChecked();
  });

  const second = await another();
  await test.step('the other Partner can do nothing else before', async () => {
    await second.login.open();
    await second.login.signIn(SECOND, PASSWORD);
    await second.secondFactor.expectAddress(/\/profile\/second-factor$/);
    await second.page.goto('/projects');
    await second.secondFactor.expectAddress(/\/profile\/second-factor$/);
    await expect(second.page.getByText('Partners of your account must use a second factor')).toBeVisible();
    await expect(second.secondFactor.button('Sign Out')).toBeVisible();
    expect(await barriers(second.page)).toEqual([]);
    await second.secondFactor.confirm((await second.secondFactor.begin(PASSWORD)).code());
    await expect(second.secondFactor.notice).toContainText('is on');
    await second.dashboard.open();
  });

  await test.step('and is helped when the phone is lost', async () => {
    await users.open();
    await expect(users.row(SECOND)).toContainText('Second factor');
    await users.row(SECOND).getByRole('link', { name: 'Reset Second Factor', exact: true }).click();
    const reset = users.dialog('Reset Second Factor');
    await expect(reset.root).toContainText(SECOND);
    expect(await barriers(users.page)).toEqual([]);
    await reset.press('Reset Second Factor');
    await expect(users.notice).toContainText(`The second factor of ${SECOND} is gone`);
    await expect(users.row(SECOND)).not.toContainText('Second factor');
    await second.page.goto('/');
    await expect(second.page).toHaveURL(/\/login$/);
  });
});
