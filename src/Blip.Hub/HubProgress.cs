namespace Blip.Hub;

/// <summary>
/// How far a download is: one file that moved on, and all files together. Reports come from several threads, at most about ten a
/// second for a file, and one with <see cref="FileDone"/> at its end. Immutable.
/// </summary>
public sealed record HubProgress
{
    /// <summary>The file's name in the repository.</summary>
    public required string File { get; init; }

    /// <summary>How much of the file is here, in bytes; includes what an earlier run left, and falls when a file starts again.</summary>
    public required long FileBytes { get; init; }

    /// <summary>The file's size, in bytes.</summary>
    public required long FileSize { get; init; }

    /// <summary>True once the file is complete, verified and in place.</summary>
    public required bool FileDone { get; init; }

    /// <summary>How much of all files of this download is here, in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>The size of all files of this download, in bytes; files that were in the cache before do not count.</summary>
    public required long Size { get; init; }

    /// <summary>Bytes received a second over the last few seconds, all files together; 0 until known.</summary>
    public required double BytesPerSecond { get; init; }

    /// <summary>The time that the rest of all files will take at this rate; null until known.</summary>
    public TimeSpan? TimeLeft => BytesPerSecond > 0 ? TimeSpan.FromSeconds(Math.Min((Size - Bytes) / BytesPerSecond, TimeSpan.FromDays(99).TotalSeconds)) : null;
}
