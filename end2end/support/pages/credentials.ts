import { expect, type Locator } from '@playwright/test';

import { ConsolePage } from './console-page';
import type { Form } from './form';

export interface Credential {
  name: string;
  accessKeyId: string;
  secretKey: string;
  endpoint: string;
  region: string;
}

export class CredentialsPage extends ConsolePage {
  async open(query = ''): Promise<void> {
    await this.visit(`/backup-credentials${query}`);
    await expect(this.heading('Backup Credentials')).toBeVisible();
  }

  get addDialog(): Form {
    return this.dialog('Add Backup Credentials');
  }

  get search(): Locator {
    return this.page.getByRole('searchbox', { name: 'Search', exact: true });
  }

  async openAddDialog(): Promise<Form> {
    await this.link('Add Credentials').click();
    await expect(this.addDialog.root).toBeVisible();
    return this.addDialog;
  }

  /** Fills in the open dialog and sends it. */
  async send(credential: Credential): Promise<void> {
    await this.addDialog.fill({
      'S3 Name': credential.name,
      'S3 Access Key ID': credential.accessKeyId,
      'S3 Secret Key': credential.secretKey,
      'S3 Endpoint': credential.endpoint,
      'S3 Region': credential.region,
    });
    await this.addDialog.press('Add');
  }

  async add(credential: Credential): Promise<void> {
    await this.openAddDialog();
    await this.send(credential);
    await expect(this.notice).toContainText(`Backup credential ${credential.name} added`);
    await this.expectNoDialog();
    await this.ready();
  }

  /** Adds one without looking at the page, where a story needs many. */
  async addAtOnce(credential: Credential): Promise<void> {
    const form = {
      'form[s3_name]': credential.name,
      'form[access_key_id]': credential.accessKeyId,
      'form[secret_key]': credential.secretKey,
      'form[endpoint]': credential.endpoint,
      'form[region]': credential.region,
    };
    const answer = await this.page.request.post('/api/credentials/add', { form });
    expect(answer.status()).toBe(200);
  }

  /** S3 names in the order of the list. */
  get names(): Locator {
    return this.page.locator('[data-label="S3 Name"] .with-marks > span:first-child');
  }

  column(name: string): Locator {
    return this.page.getByRole('columnheader', { name, exact: true });
  }

  async sortBy(column: string): Promise<void> {
    await this.column(column).getByRole('link').click();
  }
}
