namespace Blip.Hub;

/// <summary>
/// The progress of a download: of the file that the report is about, and of all files together. Reports come from more than one
/// thread, at most about ten a second for a file. The last report of a file has <see cref="FileDone"/>. Immutable.
/// </summary>
public sealed record HubProgress
{
    /// <summary>The file's name in the repository.</summary>
    public required string File { get; init; }

    /// <summary>
    /// How much of the file is in the cache, in bytes. The part from an earlier download counts. The value falls when the download of
    /// the file starts again.
    /// </summary>
    public required long FileBytes { get; init; }

    /// <summary>The file's size, in bytes.</summary>
    public required long FileSize { get; init; }

    /// <summary>True when the file is complete, its hash is verified, and it is in the snapshot.</summary>
    public required bool FileDone { get; init; }

    /// <summary>How much of all files of this download is in the cache, in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>The size of all files of this download, in bytes. Files that were in the cache before do not count.</summary>
    public required long Size { get; init; }

    /// <summary>The rate of all files together over the last seconds, in bytes a second; 0 until it is known.</summary>
    public required double BytesPerSecond { get; init; }

    /// <summary>The time that the rest of all files will take at this rate, at most 99 days; null until the rate is known.</summary>
    public TimeSpan? TimeLeft => BytesPerSecond > 0
        ? TimeSpan.FromSeconds(Math.Min((Size - Bytes) / BytesPerSecond, TimeSpan.FromDays(99).TotalSeconds))
        : null;
}
