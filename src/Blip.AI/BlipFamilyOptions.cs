namespace Blip.AI;

/// <summary>
/// The models of the other kinds that an application has beside the one that answers questions. Bound from the section <c>Blip</c> of the
/// configuration: <c>Blip:CaptionModel</c>, <c>Blip:MatchModel</c>. Each is loaded when it is first needed, with the device, the precision
/// and the limits of <see cref="BlipOptions"/>.
/// </summary>
public sealed class BlipFamilyOptions
{
    /// <summary>
    /// The captioning model: a hub id (<c>Salesforce/blip-image-captioning-large</c>), a folder, or <c>demo-caption</c>.
    /// <see langword="null"/>, the default: <c>demo-caption</c> where the demo model answers questions and the application has it, else
    /// none.
    /// </summary>
    public string? CaptionModel { get; set; }

    /// <summary>
    /// The model that matches images and texts: a hub id (<c>Salesforce/blip-itm-base-coco</c>), a folder, or <c>demo-matching</c>.
    /// <see langword="null"/>, the default: <c>demo-matching</c> where the demo model answers questions and the application has it, else
    /// none.
    /// </summary>
    public string? MatchModel { get; set; }
}
