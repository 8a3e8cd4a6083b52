import { ACCOUNT, expect, PASSWORD, test } from '../support/fixtures';

test.use({ locale: 'cs-CZ' });

test('in Czech, from the sign-in page on', async ({ partner }) => {
  const { page, dashboard } = partner;
  const heading = (name: string) => page.getByRole('heading', { level: 1, name });
  const error = page.locator('.field-error');

  await test.step('what the server draws and what the browser draws', async () => {
    await page.goto('/');
    await expect(page.locator('html')).toHaveAttribute('lang', 'cs');
    await dashboard.ready();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Přehled');
    await page.getByRole('link', { name: 'Projekty', exact: true }).click();
    await expect(heading('Projekty')).toBeVisible();
  });

  await test.step('messages of the browser and of the server', async () => {
    await page.goto('/users?dialog=add');
    await dashboard.ready();
    await page.getByLabel('E-mail').fill('partner@example.com');
    await page.getByRole('button', { name: 'Pozvat', exact: true }).click();
    await expect(error).toContainText('už existuje');
  });

  await test.step('the other language, and back', async () => {
    await page.goto('/profile');
    await page.getByRole('button', { name: 'English' }).click();
    await expect(heading('Profile')).toBeVisible();
    await page.getByRole('button', { name: 'Čeština' }).click();
    await expect(heading('Profil')).toBeVisible();
  });

  await test.step('signing in', async () => {
    await dashboard.ready();
    await page.getByRole('button', { name: 'Odhlásit se' }).click();
    await expect(heading('Přihlášení')).toBeVisible();
    await page.getByLabel('E-mail').fill(ACCOUNT.email);
    await page.getByLabel('Heslo').fill(PASSWORD);
    await page.getByRole('button', { name: 'Přihlásit se' }).click();
    await expect(heading('Přehled')).toBeVisible();
  });
});
