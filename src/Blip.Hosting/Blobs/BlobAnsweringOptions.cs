using System.ComponentModel.DataAnnotations;
using Blip.AI;

namespace Blip.Hosting.Blobs;

/// <summary>How images that arrive as blobs are answered. Bound from the section <c>Blip:Blobs</c> of the configuration.</summary>
public sealed class BlobAnsweringOptions : IValidatableObject
{
    /// <summary>The question if neither <see cref="Questions"/> nor the image has one.</summary>
    public const string DefaultQuestion = "what is in the picture?";

    /// <summary>The questions about an image that has none of its own: at most 16. By default <see cref="DefaultQuestion"/>.</summary>
    public IReadOnlyList<string> Questions { get; set; } = [];

    /// <summary>
    /// Whether the document of an image has a caption too, of the captioning model (<see cref="BlipFamilyOptions.CaptionModel"/>). False by
    /// default.
    /// </summary>
    public bool Captions { get; set; }

    /// <summary>
    /// How long one call waits, with growing pauses, for a failure that may pass: a model that cannot be loaded or downloaded, a busy
    /// queue, storage that fails. Then it throws, and the platform tries again: five tries span five times as long. Keep it below the time
    /// that the platform gives a function (<c>functionTimeout</c> in host.json). 6 minutes by default; 0, which throws at once, to 1 h.
    /// </summary>
    [TimeRange("00:00:00", "01:00:00")]
    public TimeSpan TryTime { get; set; } = TimeSpan.FromMinutes(6);

    /// <inheritdoc/>
    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (Questions.Count > BlipTools.MaxQuestions)
            yield return new ValidationResult($"There are more than {BlipTools.MaxQuestions}.", [nameof(Questions)]);
    }
}
