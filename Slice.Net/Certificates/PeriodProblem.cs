namespace Slice.Net.Certificates;

/// <summary>What is wrong, or soon will be, with the time that a certificate is valid for. Immutable.</summary>
/// <param name="Text">The same in words, with the subject of the certificate.</param>
/// <param name="EndsAt">The end of that time.</param>
/// <param name="DaysLeft">Whole days until the end; below 0 once it is over.</param>
public sealed record PeriodProblem(string Text, DateTimeOffset EndsAt, int DaysLeft);
