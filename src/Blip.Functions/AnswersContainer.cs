using System.Text.RegularExpressions;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Blip.Functions;

/// <summary>Where the answers about images are stored: the setting <c>BlipAnswers</c>.</summary>
internal static partial class AnswersContainer
{
    private const string Answers = "BlipAnswers", Images = "BlipImages";

    /// <summary>The container, in the account of the images.</summary>
    /// <remarks>An output binding does not work together with a <see cref="BlobClient"/>.</remarks>
    public static BlobContainerClient Of(BlobServiceClient storage, IConfiguration configuration) =>
        storage.GetBlobContainerClient(Name(configuration));

    /// <summary>Refuses answers beside the images: each would start the function again, without end.</summary>
    /// <exception cref="OptionsValidationException">A setting is wrong; the message names it.</exception>
    public static void Check(IConfiguration configuration)
    {
        string answers = Name(configuration);
        // The images may lie below a path of their container.
        string container = (configuration[Images] ?? "").Split('/')[0];
        if (answers.Split('/')[0].Equals(container, StringComparison.OrdinalIgnoreCase))
            throw Wrong($"{Answers} is '{answers}', and the images are in that container too ({Images}). Name another container.");
        // With another name, every image would fail.
        if (!NameForm.IsMatch(answers))
        {
            throw Wrong($"{Answers} is '{answers}', but must be the name of a container, without a path: 3 to 63 lower-case letters "
                + "and digits, with single hyphens between them.");
        }
    }

    private static string Name(IConfiguration configuration) => configuration[Answers] is { Length: > 0 } name ? name : "answers";

    [GeneratedRegex(@"^(\$root|\$web|(?=.{3,63}\z)[a-z0-9]+(-[a-z0-9]+)*)\z")]
    private static partial Regex NameForm { get; }

    private static OptionsValidationException Wrong(string problem) => new(Answers, typeof(string), [problem]);
}
