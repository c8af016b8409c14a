namespace Slice.Core.Origin;

/// <summary>Whose fault an error is; decides the severity of its log line.</summary>
public enum FetchErrorSide
{
    /// <summary>The origin's: logged as a warning.</summary>
    Origin,

    /// <summary>Ours: logged as an error.</summary>
    Us,
}
