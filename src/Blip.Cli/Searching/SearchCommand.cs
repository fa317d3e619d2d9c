using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Blip.AI.Searching;
using Blip.Cli.Asking;
using Blip.Cli.Terminals;
using Blip.Hosting;
using Blip.Search;

namespace Blip.Cli.Searching;

/// <summary><c>blip search FOLDER TEXT</c>: finds the images of an indexed folder that a text describes best.</summary>
internal static class SearchCommand
{
    private static readonly Argument<string> Text = new("TEXT") { Description = "What the images show, in quotes." };

    private static readonly Option<int> Top = NumberOption.Create("--top", "How many images.", least: 1, most: 1000, standard: 10);

    private static readonly Option<int> Rerank = NumberOption.Create(
        "--rerank", "How many of the nearest images are matched with the text in a second step; 0 for none.", 0, 1000, standard: 16);

    private static readonly Option<bool> Json = new("--json") { Description = "Write each image as a JSON object on one line." };

    public static Command Create()
    {
        Verb command = new(
            "search", "Find images of an indexed folder by a text.",
            "blip search photos \"two dogs on the beach\"",
            "blip search photos \"a red car at night\" --top 3 --rerank 64 --json")
        {
            IndexCommand.Folder, Text, Top, Rerank, IndexCommand.File, ModelOptions.MatchModel, ModelOptions.BaseModel,
            ModelOptions.ImageSize, ModelOptions.Device, ModelOptions.Precision, ModelOptions.Threads, Json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(IndexCommand.Folder) is { Tokens: [{ Value: var folder }] } && !Directory.Exists(folder)
                && result.GetResult(Text) is { Tokens: [{ Value: var text }] }
                && AskWords.FindLateFirst("search", "folder", folder, "text", [text], Directory.Exists) is { } mistake)
                result.AddError(mistake);
        });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string folder = IndexCommand.FolderOf(parsed);
        await using BlipMatcher model = await ModelOptions.LoadAsync(
            ModelOptions.Options(parsed, ModelOptions.MatchModel), BlipMatcher.LoadAsync, model => model.Info, cancellationToken);
        string digest = await model.GetDigestAsync(cancellationToken), file = IndexCommand.FileOf(parsed, folder, digest);
        if (!File.Exists(file))
        {
            string name = parsed.GetRequiredValue(ModelOptions.MatchModel);
            string line = ShellWords.Join(
            [
                "blip", "index", parsed.GetRequiredValue(IndexCommand.Folder),
                .. name == BlipMatcher.DemoModel ? (string[])[] : ["--model", name],
                .. parsed.GetValue(IndexCommand.File) is { } given ? (string[])["--index", given] : [],
            ]);
            throw new BlipException(
                BlipErrorCode.FileNotFound, $"The folder is not indexed with this model. Index it first: {line}");
        }
        if (!IndexCommand.Named(file, () => ImageIndex.IsOf(file, digest)))
        {
            throw new BlipException(BlipErrorCode.InvalidRequest,
                "The index was made with another model. Name that model (--model), or index the folder again with this one.");
        }
        using ImageIndex index = IndexCommand.Open(file, folder, digest);
        IReadOnlyList<FoundImage> found = await index.SearchAsync(
            model, parsed.GetRequiredValue(Text), parsed.GetValue(Top), parsed.GetValue(Rerank), folder, cancellationToken);
        using JsonLines? lines = parsed.GetValue(Json) ? new JsonLines() : null;
        foreach (FoundImage image in found)
        {
            if (lines is not null)
                lines.Write(writer => Write(writer, image));
            else
                Console.Out.WriteLine(Describe(image));
        }
        OutputPipe.ThrowIfClosed();
        return 0;
    }

    private static void Write(Utf8JsonWriter writer, FoundImage image)
    {
        writer.WriteStartObject();
        FoundImageJson.WriteMembers(writer, image);
        writer.WriteEndObject();
    }

    private static string Describe(FoundImage image) => image.Match is { } match
        ? string.Create(CultureInfo.InvariantCulture, $"{match,6:0.0 %}  cosine {image.Score,5:0.00}  {Terminal.Clean(image.Name)}")
        : string.Create(CultureInfo.InvariantCulture, $"cosine {image.Score,5:0.00}  {Terminal.Clean(image.Name)}");
}
