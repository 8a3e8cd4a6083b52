import { ACCOUNT, expect, test } from '../support/fixtures';
import { CREDENTIAL, PROJECT } from '../support/prepare';

test.use({ timezoneId: 'Europe/Prague' });

/** What somebody does from an empty installation to the first completed backup. */
const MOST = { clicks: 7, fields: 10, pages: 4 };

test('the first backup is seven clicks and ten fields away', async ({ visitor, s3, folders }) => {
  const { page, setup, credentials, projects, policies } = visitor;
  const done = { clicks: 0, fields: 0 };
  const pages = new Set<string>();
  const shown = () => pages.add(new URL(page.url()).pathname.replace(/\d+/, '1'));
  const type = async (label: string, text: string) => {
    await page.getByLabel(label, { exact: true }).fill(text);
    done.fields += 1;
  };
  const press = async (role: 'button' | 'link', name: string) => {
    await page.getByRole(role, { name, exact: true }).first().click();
    done.clicks += 1;
  };

  await page.goto('/');
  await setup.expectAddress(/\/setup$/);
  shown();
  await expect(page.getByLabel('Time Zone', { exact: true })).toHaveValue('Europe/Prague');
  await type('Account Name', ACCOUNT.accountName);
  await type('Organization', ACCOUNT.organization);
  await type('Email', ACCOUNT.email);
  await type('Password', ACCOUNT.password);
  await press('button', 'Create Account');
  await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
  shown();

  await press('link', 'Add Credentials');
  await expect(credentials.addDialog.root).toBeVisible();
  shown();
  await type('S3 Name', CREDENTIAL);
  await type('S3 Access Key ID', s3.keys.accessKeyId);
  await type('S3 Secret Key', s3.keys.secretKey);
  await type('S3 Endpoint', s3.endpoint);
  await press('button', 'Add');
  await expect(credentials.notice).toContainText(`Backup credential ${CREDENTIAL} added`);

  await press('link', 'Next: Add Project');
  await expect(projects.addDialog.root).toBeVisible();
  await projects.ready();
  await expect(page.getByRole('switch', { name: 'Enable Backup' })).toBeChecked();
  await expect(page.getByLabel('Back Up Now', { exact: true })).toBeChecked();
  await type('Project Name', PROJECT);
  await type('Directory', folders.source);
  await press('button', 'Create Project');
  await policies.expectChosen('Backups');
  await policies.expectPhase(/manual-\d{14}/, 'Completed');
  shown();

  console.log(`clicks ${done.clicks}, fields ${done.fields}, pages ${[...pages].join(' ')}`);
  expect(done.clicks).toBeLessThanOrEqual(MOST.clicks);
  expect(done.fields).toBeLessThanOrEqual(MOST.fields);
  expect(pages.size).toBeLessThanOrEqual(MOST.pages);

  await test.step('the guide goes on to what makes a restore possible', async () => {
    await visitor.dashboard.open();
    await expect(page.getByRole('main')).toContainText('The project is protected');
    await page.getByText('2 steps to a backup that you can always restore').click();
    await page.getByRole('link', { name: 'Add Channel', exact: true }).click();
    await expect(page.getByRole('dialog', { name: 'Add Channel' })).toBeVisible();
  });
});

test('a directory is chosen instead of typed', async ({ partner, folders }) => {
  const { page, projects } = partner;
  await projects.open();
  const dialog = await projects.openAddDialog();
  await dialog.root.getByRole('button', { name: 'Choose…', exact: true }).click();
  const picker = dialog.root.getByRole('group', { name: 'Directories on the server' });
  await picker.getByRole('button', { name: folders.root, exact: true }).click();
  await picker.getByRole('button', { name: 'web-shop', exact: true }).click();
  await expect(dialog.field('Directory')).toHaveValue(folders.source);
  await expect(picker).toContainText(/web-shop: \d+ files, [\d.]+ \wiB/);
  await picker.getByRole('button', { name: 'Up', exact: true }).click();
  await expect(dialog.field('Directory')).toHaveValue(folders.root);
  await dialog.fill({ Directory: folders.outside });
  await expect(picker).toContainText(/outside the directories/);
  await picker.getByRole('button', { name: 'All directories', exact: true }).click();
  await expect(picker.getByRole('button', { name: folders.root, exact: true })).toBeVisible();
  await page.keyboard.press('Escape');
});
