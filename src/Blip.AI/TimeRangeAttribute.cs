using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace Blip.AI;

/// <summary>
/// The shortest and the longest time that an option takes. <see cref="RangeAttribute"/> would find its type by reflection.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class TimeRangeAttribute(string minimum, string maximum)
    : ValidationAttribute($"The field {{0}} must be between {minimum} and {maximum}.")
{
    public override bool IsValid(object? value) => value is TimeSpan time
        && time >= TimeSpan.Parse(minimum, CultureInfo.InvariantCulture) && time <= TimeSpan.Parse(maximum, CultureInfo.InvariantCulture);
}
