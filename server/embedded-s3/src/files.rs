//! Objects as files: the library's file system, with objects that are read in larger pieces.

use std::{
    io::SeekFrom,
    path::{Path, PathBuf},
};

use s3s::{
    S3, S3Error, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput, CreateBucketOutput,
        CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketInput, DeleteBucketOutput,
        DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, GetBucketLocationInput,
        GetBucketLocationOutput, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput,
        HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
        ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput, PutObjectOutput, Range, StreamingBlob,
        UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
    },
};
use s3s_fs::FileSystem;
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
};
use tokio_util::io::ReaderStream;

/// Bytes that are read at a time. The library reads 4 KiB, and each read goes through another thread.
const PIECE: usize = 256 << 10;

/// Buckets as folders and objects as files.
pub struct Files {
    folder: PathBuf,
    files: FileSystem,
}

impl Files {
    pub fn new(folder: &Path) -> Result<Self, s3s_fs::Error> {
        Ok(Self { folder: folder.to_owned(), files: FileSystem::new(folder)? })
    }

    /// Bytes of a file, from the first one that was asked for.
    async fn read(&self, object: &Path, first: u64, length: u64) -> std::io::Result<StreamingBlob> {
        let mut file = File::open(self.folder.join(object)).await?;
        file.seek(SeekFrom::Start(first)).await?;
        Ok(StreamingBlob::wrap(ReaderStream::with_capacity(file.take(length), PIECE)))
    }
}

/// The service of [`Files`]: what is named is the library's as it comes.
macro_rules! service {
    ($($call:ident: $input:ident -> $output:ident),* $(,)?) => {
        #[async_trait::async_trait]
        impl S3 for Files {
            $(
                async fn $call(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                    self.files.$call(request).await
                }
            )*

            async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
                let first = match request.input.range {
                    None => Some(0),
                    Some(Range::Int { first, .. }) => Some(first),
                    Some(Range::Suffix { .. }) => None,
                };
                let object = Path::new(&request.input.bucket).join(&request.input.key);
                // Looks whether it is there, and whether its key is one.
                let mut response = self.files.get_object(request).await?;
                let length = response.output.content_length.and_then(|length| u64::try_from(length).ok());
                if let Some((first, length)) = first.zip(length) {
                    let body = self.read(&object, first, length).await;
                    response.output.body = Some(body.map_err(S3Error::internal_error)?);
                }
                Ok(response)
            }
        }
    };
}

service! {
    abort_multipart_upload: AbortMultipartUploadInput -> AbortMultipartUploadOutput,
    complete_multipart_upload: CompleteMultipartUploadInput -> CompleteMultipartUploadOutput,
    copy_object: CopyObjectInput -> CopyObjectOutput,
    create_bucket: CreateBucketInput -> CreateBucketOutput,
    create_multipart_upload: CreateMultipartUploadInput -> CreateMultipartUploadOutput,
    delete_bucket: DeleteBucketInput -> DeleteBucketOutput,
    delete_object: DeleteObjectInput -> DeleteObjectOutput,
    delete_objects: DeleteObjectsInput -> DeleteObjectsOutput,
    get_bucket_location: GetBucketLocationInput -> GetBucketLocationOutput,
    head_bucket: HeadBucketInput -> HeadBucketOutput,
    head_object: HeadObjectInput -> HeadObjectOutput,
    list_buckets: ListBucketsInput -> ListBucketsOutput,
    list_objects: ListObjectsInput -> ListObjectsOutput,
    list_objects_v2: ListObjectsV2Input -> ListObjectsV2Output,
    list_parts: ListPartsInput -> ListPartsOutput,
    put_object: PutObjectInput -> PutObjectOutput,
    upload_part: UploadPartInput -> UploadPartOutput,
    upload_part_copy: UploadPartCopyInput -> UploadPartCopyOutput,
}
