using Blip.AI.Images;

namespace Blip.AI;

/// <summary>What a language model learns about the ways to give an image: only those that work where it calls the tools.</summary>
/// <param name="surroundings">Where that is.</param>
/// <param name="source">Where images may come from.</param>
internal sealed class ToolTexts(ToolSurroundings surroundings, ImageSource source)
{
    private const int MaxFolders = 4;

    /// <summary>The description of the argument <c>image</c>.</summary>
    public string Image => surroundings == ToolSurroundings.Chat ? BlipTools.ImageDescription : $"An image: {Ways}.";

    /// <summary>The description of <c>list_images</c>.</summary>
    public string ListImages => surroundings switch
    {
        ToolSurroundings.Chat => BlipTools.ListImagesDescription,
        ToolSurroundings.Process => BlipTools.ListImagesAndFilesDescription,
        _ => "Tells how to give an image here, and what the model knows. There is no list of images, because no conversation is kept.",
    };

    /// <summary>What the tools are for and how an image is given, for a server that has nothing else.</summary>
    public string Instructions =>
        $"Answers short questions about images. An image is given as {Ways}. Ask several small questions instead of one big one.";

    private string Ways => WaysWith(surroundings == ToolSurroundings.Http
        ? "a handle of this service (sha256-...)"
        : "a short name of this conversation (image-1)");

    private string WaysWith(string handle)
    {
        List<string> ways = [];
        if (surroundings == ToolSurroundings.Process)
            ways.Add("the path or file:// address of a file under your roots or an allowed folder");
        else if (source.AllowsFiles)
            ways.Add("the path of a file in an allowed folder");
        if (source.AllowsAddresses)
            ways.Add("an https address of an allowed host");
        if (source.AllowsDataUris)
            ways.Add("a data URI");
        ways.Add(handle);
        return Listing.Or(ways);
    }

    /// <summary>What to do where there is no image to list.</summary>
    public string NoImages => surroundings switch
    {
        ToolSurroundings.Chat => "No image is attached. Ask the user for one" + (source.AllowsAddresses ? ", or give an address." : "."),
        ToolSurroundings.Http => $"No conversation is kept here. Give {Ways}.",
        _ => $"No image is known yet. Give {Ways}.",
    };

    /// <summary>What to do about a failure; null where its message says all.</summary>
    /// <param name="code">Its code.</param>
    /// <param name="folders">The folders that the caller itself has named.</param>
    public string? HintFor(string code, IReadOnlyList<string> folders) => code switch
    {
        ImageSourceErrorCode.ImageNotFound => surroundings == ToolSurroundings.Http
            ? "Send the image again for a new handle."
            : "Call list_images to get the names.",
        ImageSourceErrorCode.FileNotAllowed when surroundings == ToolSurroundings.Process =>
            "Do not try other spellings. " + Readable(folders),
        ImageSourceErrorCode.HostNotAllowed or ImageSourceErrorCode.AddressNotAllowed or ImageSourceErrorCode.FileNotAllowed =>
            surroundings == ToolSurroundings.Chat
                ? "Do not try other spellings. Ask the user to attach the image."
                : $"Give only {WaysWith(surroundings == ToolSurroundings.Http ? "a handle" : "a short name")}.",
        BlipErrorCode.QuestionEmpty => "Ask a short question about what can be seen.",
        BlipErrorCode.QuestionTooLong => "Ask a shorter question.",
        ServiceErrorCode.TooManyQuestions => "Ask in several calls.",
        BlipErrorCode.Busy or ServiceErrorCode.ModelLoading or BlipErrorCode.Timeout => "Try again in a moment.",
        _ => null,
    };

    private string Readable(IReadOnlyList<string> folders)
    {
        string[] all = [.. source.AllowedFolders.Concat(folders).Distinct(StringComparer.Ordinal)];
        if (all.Length == 0)
            return "No folder may be read: the client names no roots, and --allow-folder was not given.";
        string rest = all.Length > MaxFolders ? FormattableString.Invariant($", and {all.Length - MaxFolders} more") : "";
        return $"Files may be read in {string.Join(", ", all.Take(MaxFolders))}{rest}.";
    }
}
