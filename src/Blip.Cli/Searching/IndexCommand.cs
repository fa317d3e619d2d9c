using System.CommandLine;
using System.Globalization;
using Blip.Cli.Asking;
using Blip.Search;

namespace Blip.Cli.Searching;

/// <summary><c>blip index FOLDER</c>: makes an index of a folder's images, or updates it.</summary>
internal static class IndexCommand
{
    /// <summary>The file of the index.</summary>
    public static Option<string?> File { get; } = new("--index")
    {
        Description = "The file of the index. Default: a file for the folder and the model in BLIP_CACHE.",
        HelpName = "FILE",
    };

    /// <summary>The folder.</summary>
    public static Argument<string> Folder { get; } = new("FOLDER") { Description = "The folder, with its subfolders." };

    public static Command Create()
    {
        Verb command = new(
            "index", "Index the images of a folder, to search them by text.",
            "blip index photos",
            "blip index photos --model Salesforce/blip-itm-base-coco --index photos.db")
        {
            Folder, File, ModelOptions.MatchModel, ModelOptions.BaseModel, ModelOptions.ImageSize, ModelOptions.Device,
            ModelOptions.Precision, ModelOptions.Threads,
        };
        command.SetAction(RunAsync);
        return command;
    }

    /// <summary>The full path of the folder that the user names.</summary>
    /// <exception cref="BlipException">There is no such folder.</exception>
    public static string FolderOf(ParseResult parsed)
    {
        string folder = parsed.GetRequiredValue(Folder);
        return Directory.Exists(folder)
            ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))
            : throw new BlipException(BlipErrorCode.FileNotFound, $"There is no folder {folder}.");
    }

    /// <summary>The file of the index of a folder with a model.</summary>
    public static string FileOf(ParseResult parsed, string folder, string digest) =>
        parsed.GetValue(File) ?? ImageIndex.FileOf(folder, digest);

    /// <summary>Opens an index. Its errors name the file, which may be one that the user has not named.</summary>
    /// <exception cref="BlipException">The file is not an index of the folder, or is damaged.</exception>
    public static ImageIndex Open(string file, string folder, string digest) => Named(file, () =>
    {
        ImageIndex index = ImageIndex.Open(file, digest);
        try
        {
            // Reads all embeddings, so that damage is told now.
            _ = index.Count;
            if (index.Folder is { } indexed && indexed != folder)
            {
                throw new BlipException(
                    BlipErrorCode.InvalidRequest,
                    $"The index is of another folder: {indexed}. Give each folder an index of its own. If that folder has moved, delete "
                    + "the file, and index the folder again.");
            }
            return index;
        }
        catch
        {
            index.Dispose();
            throw;
        }
    });

    /// <summary>Uses the file of an index; what is wrong with it is told with its path.</summary>
    public static T Named<T>(string file, Func<T> use)
    {
        try
        {
            return use();
        }
        catch (BlipException exception) when (exception.Code == BlipErrorCode.InvalidRequest)
        {
            throw new BlipException(exception.Code, $"{file}: {exception.Message}", exception);
        }
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string folder = FolderOf(parsed);
        await using BlipMatcher model = await ModelOptions.LoadAsync(
            ModelOptions.Options(parsed, ModelOptions.MatchModel), BlipMatcher.LoadAsync, model => model.Info, cancellationToken);
        string digest = await model.GetDigestAsync(cancellationToken), file = FileOf(parsed, folder, digest);
        using ImageIndex index = Open(file, folder, digest);
        using Display display = new();
        IndexProgress done = await index.UpdateAsync(folder, model, display, cancellationToken);
        display.Dispose();
        int known = done.Total - done.Failed - done.Encoded;
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{done.Total} images: {done.Encoded} new, {known} known, {done.Failed} unreadable, {done.Removed} removed"));
        return 0;
    }

    /// <summary>Shows progress as that of asking, once the number of images is known.</summary>
    private sealed class Display : IProgress<IndexProgress>, IDisposable
    {
        private AskProgress? _shown;

        public void Report(IndexProgress value)
        {
            _shown ??= new AskProgress(value.Total);
            _shown.Report(new AskEachProgress(value.Done, value.Failed, value.Elapsed));
        }

        public void Dispose() => _shown?.Dispose();
    }
}
